#include "arguments.hpp"

#include <sstream>
#include <type_traits>
#include <utility>

namespace whence {

argument::argument(const std::string& name, const value_type& value,
                   const std::string& rule)
    : name_(name), value_(value), default_(value), rule_(rule) {}

argument argument::category(const std::string& name, list children) {
  argument node(name, {});
  node.children_ = std::move(children);
  return node;
}

argument argument::choice(const std::string& name, const std::string& chosen,
                          list options) {
  argument node(name, chosen);
  for (const argument& option : options)
    node.rule_ += (node.rule_.empty() ? "" : ", ") + option.name_;
  node.children_ = std::move(options);
  return node;
}

argument argument::text(const std::string& name, const std::string& value) {
  return argument(name, value);
}

argument argument::boolean(const std::string& name, bool value) {
  return argument(name, value, "[0, 1, false, true]");
}

argument argument::integer(const std::string& name, long long value,
                           long long least, long long most) {
  argument node(name, value,
                std::to_string(least) + " <= " + name
                    + " <= " + std::to_string(most));
  node.least_ = least;
  node.most_ = most;
  return node;
}

argument argument::positive(const std::string& name, double value,
                            double below) {
  std::ostringstream rule;
  rule << "0 < " << name << " < " << below;
  argument node(name, value, rule.str());
  node.most_ = below;
  return node;
}

bool argument::is_category() const {
  return std::holds_alternative<std::monostate>(value_);
}

bool argument::is_choice() const {
  return !children_.empty() && !is_category();
}

const argument* argument::find(const std::string& name) const {
  for (const argument& child : children_)
    if (child.name_ == name)
      return &child;
  return nullptr;
}

const argument* argument::choice_that_offers(const std::string& option) const {
  for (const argument& child : children_)
    if (child.is_choice() && child.find(option) != nullptr)
      return &child;
  return nullptr;
}

const argument& argument::operator[](const std::string& name) const {
  const argument* child = find(name);
  if (child == nullptr)
    throw std::logic_error("no argument " + name + " below " + name_);
  return *child;
}

argument& argument::operator[](const std::string& name) {
  return const_cast<argument&>(std::as_const(*this)[name]);
}

void argument::parse(const std::vector<std::string>& tokens, std::size_t& at) {
  while (at < tokens.size()) {
    const std::string& token = tokens[at];
    const std::size_t equals = token.find('=');
    const bool is_bare = equals == std::string::npos;
    const argument* found = find(token.substr(0, equals));
    const argument* offered
        = found == nullptr && is_bare ? choice_that_offers(token) : nullptr;
    const bool is_ours = offered != nullptr
                         || (found != nullptr
                             && (is_bare || !found->is_category()));
    if (!is_ours)
      return;
    ++at;
    argument& child = const_cast<argument&>(offered ? *offered : *found);
    if (!child.is_category())
      child.read(offered ? token : is_bare ? "" : token.substr(equals + 1));
    if (child.is_category())
      child.parse(tokens, at);
    else if (child.is_choice())
      child[child.as_text()].parse(tokens, at);
  }
}

void argument::read(const std::string& given) {
  given_ = true;
  if (is_choice()) {
    if (find(given) == nullptr)
      refuse(given);
    value_ = given;
  } else if (std::holds_alternative<std::string>(value_)) {
    value_ = given;
  } else if (std::holds_alternative<bool>(value_)) {
    if (given != "0" && given != "1" && given != "true" && given != "false")
      refuse(given);
    value_ = given == "1" || given == "true";
  } else {
    read_number(given);
  }
}

void argument::read_number(const std::string& given) {
  std::size_t used = 0;
  bool is_inside = false;
  try {
    if (std::holds_alternative<long long>(value_)) {
      const long long number = std::stoll(given, &used);
      is_inside = number >= least_ && number <= most_;
      value_ = number;
    } else {
      const double number = std::stod(given, &used);
      is_inside = number > least_ && number < most_;
      value_ = number;
    }
  } catch (const std::exception&) {
    refuse(given);
  }
  if (used != given.size() || !is_inside)
    refuse(given);
}

void argument::refuse(const std::string& given) const {
  throw usage_error("\"" + given + "\" is not a valid value for \"" + name_
                    + "\"\n  Valid values: " + rule_);
}

void argument::print_children(const line_writer& write, int indent) const {
  for (const argument& child : children_)
    child.print(write, indent);
}

void argument::print(const line_writer& write, int indent) const {
  std::ostringstream line;
  line << std::string(indent, ' ') << name_;
  if (!is_category()) {
    line << " = ";
    std::visit(
        [&line](const auto& value) {
          using type = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<type, bool>)
            line << (value ? "true" : "false");
          else if constexpr (!std::is_same_v<type, std::monostate>)
            line << value;
        },
        value_);
    if (value_ == default_)
      line << " (Default)";
  }
  write(line.str());
  if (!is_choice())
    print_children(write, indent + 2);
  else if (!chosen().children_.empty())
    chosen().print(write, indent + 2);
}

}  // namespace whence
