#ifndef WHENCE_ARGUMENTS_HPP
#define WHENCE_ARGUMENTS_HPP

#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
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
  using line_writer = std::function<void(const std::string&)>;
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  static argument category(const std::string& name, list children = {});
  static argument choice(const std::string& name, const std::string& chosen,
                         list options);
  static argument text(const std::string& name, const std::string& value);
  static argument boolean(const std::string& name, bool value);

  /** An integer from `least` to `most`. */
  static argument integer(const std::string& name, long long value,
                          long long least,
                          long long most = std::numeric_limits<int>::max());

  /** A real number strictly between 0 and `below`. */
  static argument positive(const std::string& name, double value,
                           double below = infinity);

  const std::string& name() const { return name_; }
  bool is_given() const { return given_; }

  /** The child of this name; it must exist. */
  const argument& operator[](const std::string& name) const;
  argument& operator[](const std::string& name);

  /** The option that a choice has taken. */
  const argument& chosen() const { return (*this)[as_text()]; }

  long long as_integer() const { return std::get<long long>(value_); }
  int as_int() const { return static_cast<int>(as_integer()); }
  double as_double() const { return std::get<double>(value_); }
  bool as_bool() const { return std::get<bool>(value_); }
  const std::string& as_text() const { return std::get<std::string>(value_); }

  /** Sets an integer that is drawn rather than given (a seed from the clock). */
  void assign(long long value) { value_ = value; }

  /**
   * Reads the tokens that belong to this category, from `at` on, and stops at
   * the first that does not, so that the enclosing category can try it.
   */
  void parse(const std::vector<std::string>& tokens, std::size_t& at);

  /** Writes all below this argument, a line each, as CmdStan does. */
  void print_children(const line_writer& write, int indent = 0) const;

 private:
  using value_type
      = std::variant<std::monostate, long long, double, bool, std::string>;

  argument(const std::string& name, const value_type& value,
           const std::string& rule = "");

  bool is_category() const;
  bool is_choice() const;
  const argument* find(const std::string& name) const;
  const argument* choice_that_offers(const std::string& option) const;
  void read(const std::string& given);
  void read_number(const std::string& given);
  void print(const line_writer& write, int indent) const;
  [[noreturn]] void refuse(const std::string& given) const;

  std::string name_;
  value_type value_;
  value_type default_;
  std::string rule_;
  list children_;
  bool given_ = false;
  double least_ = 0;
  double most_ = infinity;
};

}  // namespace whence
#endif
