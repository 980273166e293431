#ifndef WHENCE_ARGUMENTS_HPP
#define WHENCE_ARGUMENTS_HPP

#include <functional>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace whence {

/** The command line breaks a rule; the message says which and what came. */
struct usage_error : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/**
 * A node of CmdStan's argument tree.
 *
 * A category groups other arguments, a choice picks one of its options (which
 * are categories), and a value is an integer, a real, a boolean or a text.
 * The order of children is the order in which the configuration is printed.
 */
class argument {
 public:
  using list = std::vector<argument>;
  using value_type
      = std::variant<std::monostate, long long, double, bool, std::string>;

  static argument category(std::string name, list children = {}) {
    argument node(std::move(name), {});
    node.children_ = std::move(children);
    return node;
  }

  static argument choice(std::string name, std::string chosen, list options) {
    argument node(std::move(name), std::move(chosen));
    node.children_ = std::move(options);
    return node;
  }

  static argument text(std::string name, std::string value) {
    return argument(std::move(name), std::move(value));
  }

  static argument boolean(std::string name, bool value) {
    argument node(std::move(name), value);
    node.rule_ = "[0, 1, false, true]";
    return node;
  }

  static argument integer(std::string name, long long value, long long least,
                          long long most = std::numeric_limits<int>::max()) {
    argument node(std::move(name), value);
    node.least_ = least;
    node.most_ = most;
    node.rule_ = std::to_string(least) + " <= " + node.name_
                 + " <= " + std::to_string(most);
    return node;
  }

  /** A real number strictly between 0 and `below`. */
  static argument positive(std::string name, double value,
                           double below
                           = std::numeric_limits<double>::infinity()) {
    argument node(std::move(name), value);
    node.most_ = below;
    std::ostringstream rule;
    rule << "0 < " << node.name_ << " < " << below;
    node.rule_ = rule.str();
    return node;
  }

  const std::string& name() const { return name_; }
  bool is_choice() const { return !children_.empty() && !is_category(); }
  bool is_category() const {
    return std::holds_alternative<std::monostate>(value_);
  }

  bool is_given() const { return given_; }

  /** The child of this name; it must exist. */
  const argument& operator[](const std::string& name) const {
    const argument* child = find(name);
    if (child == nullptr)
      throw std::logic_error("no argument " + name + " below " + name_);
    return *child;
  }
  argument& operator[](const std::string& name) {
    return const_cast<argument&>(std::as_const(*this)[name]);
  }

  template <typename T>
  const T& as() const {
    return std::get<T>(value_);
  }
  int as_int() const { return static_cast<int>(as<long long>()); }
  double as_double() const { return as<double>(); }
  bool as_bool() const { return as<bool>(); }
  const std::string& as_text() const { return as<std::string>(); }

  /** The option that a choice has taken. */
  const argument& chosen() const { return (*this)[as_text()]; }

  /** Sets an integer that is drawn rather than given (a seed from the clock). */
  void assign(long long value) { value_ = value; }

  /**
   * Reads the tokens that belong to this category and stops at the first that
   * does not, so that the enclosing category can try it.
   */
  void parse(const std::vector<std::string>& tokens, std::size_t& at) {
    while (at < tokens.size()) {
      const std::string& token = tokens[at];
      const std::size_t equals = token.find('=');
      std::string given
          = equals == std::string::npos ? "" : token.substr(equals + 1);
      const argument* found = find(token.substr(0, equals));
      if (found == nullptr && equals == std::string::npos) {
        found = choice_that_offers(token);
        given = token;
      }
      if (found == nullptr)
        return;
      ++at;
      argument& child = const_cast<argument&>(*found);
      if (child.is_category()) {
        child.parse(tokens, at);
      } else {
        child.read(given);
        if (child.is_choice())
          child[child.as_text()].parse(tokens, at);
      }
    }
  }

  using line_writer = std::function<void(const std::string&)>;

  /** Writes all below this argument, a line each, as CmdStan does. */
  void print_children(const line_writer& write, int indent = 0) const {
    for (const argument& child : children_)
      child.print(write, indent);
  }

  /** Writes this argument and all below it. */
  void print(const line_writer& write, int indent) const {
    std::ostringstream line;
    line << std::string(indent, ' ') << name_;
    if (!is_category()) {
      line << " = ";
      std::visit(
          [&line](const auto& value) {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, bool>)
              line << (value ? "true" : "false");
            else if constexpr (!std::is_same_v<T, std::monostate>)
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

 private:
  argument(std::string name, value_type value)
      : name_(std::move(name)), value_(value), default_(std::move(value)) {}

  const argument* find(const std::string& name) const {
    for (const argument& child : children_)
      if (child.name_ == name)
        return &child;
    return nullptr;
  }

  const argument* choice_that_offers(const std::string& option) const {
    for (const argument& child : children_)
      if (child.is_choice() && child.find(option) != nullptr)
        return &child;
    return nullptr;
  }

  [[noreturn]] void refuse(const std::string& given) const {
    throw usage_error("\"" + given + "\" is not a valid value for \"" + name_
                      + "\"\n  Valid values: " + rule_);
  }

  void read(const std::string& given) {
    given_ = true;
    if (is_choice()) {
      if (find(given) == nullptr) {
        std::string options;
        for (const argument& option : children_)
          options += (options.empty() ? "" : ", ") + option.name_;
        throw usage_error("\"" + given + "\" is not a valid value for \""
                          + name_ + "\"\n  Valid values: " + options);
      }
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

  void read_number(const std::string& given) {
    const bool whole = std::holds_alternative<long long>(value_);
    std::size_t used = 0;
    double number = std::numeric_limits<double>::quiet_NaN();
    try {
      number = whole ? static_cast<double>(std::stoll(given, &used))
                     : std::stod(given, &used);
    } catch (const std::exception&) {
      refuse(given);
    }
    const bool inside = whole ? number >= least_ && number <= most_
                              : number > least_ && number < most_;
    if (used != given.size() || !inside)
      refuse(given);
    if (whole)
      value_ = std::stoll(given);
    else
      value_ = number;
  }

  std::string name_;
  value_type value_;
  value_type default_;
  list children_;
  bool given_ = false;
  double least_ = 0;
  double most_ = std::numeric_limits<double>::infinity();
  std::string rule_;
};

}  // namespace whence
#endif
