/**
 * The method log_prob: the log density and its gradient at given points.
 *
 * As in CmdStan, what a `target +=` statement adds is kept whole, and a `~`
 * statement drops constants. A point at which the program rejects has the log
 * density -inf, as it has for the sampler; CmdStan would end there. The rows of
 * a matrix of points are the points, as CmdStan documents it; CmdStan itself
 * does so since stan-dev/cmdstan#1337.
 */
#include "run.hpp"

#include <stan/model/log_prob_grad.hpp>
#include <stan/services/error_codes.hpp>

#include <limits>

namespace whence {
namespace {

/** The file's points, a row each, on the unconstrained scale. */
Eigen::MatrixXd read_points(const std::string& file,
                            const stan::model::model_base& model) {
  const context values = read_json(file);
  const std::vector<double> flat = values->vals_r("params_r");
  if (flat.empty())
    throw std::invalid_argument(
        "Unconstrained parameters file has no variable 'params_r' with "
        "unconstrained parameter values!");
  const std::vector<std::size_t> dims = values->dims_r("params_r");
  const std::size_t rows = dims.size() == 2 ? dims[0] : 1;
  const std::size_t columns = flat.size() / rows;
  if (columns != model.num_params_r())
    throw std::invalid_argument(
        "Incorrect number of unconstrained parameters provided! Model has "
        + std::to_string(model.num_params_r()) + " parameters but "
        + std::to_string(columns) + " were found.");
  return Eigen::Map<const Eigen::MatrixXd>(flat.data(), rows, columns);
}

/** Log density and gradient in one row; a rejected point has no gradient. */
std::vector<double> evaluate(run& r, Eigen::VectorXd point, bool jacobian) {
  using stan::model::log_prob_grad;
  Eigen::VectorXd gradient = Eigen::VectorXd::Constant(
      point.size(), std::numeric_limits<double>::quiet_NaN());
  double density = -std::numeric_limits<double>::infinity();
  try {
    density = jacobian ? log_prob_grad<true, true>(r.model, point, gradient,
                                                   &std::cout)
                       : log_prob_grad<true, false>(r.model, point, gradient,
                                                    &std::cout);
  } catch (const std::domain_error& error) {
    r.logger.info(error.what());
  }
  std::vector<double> row{density};
  row.insert(row.end(), gradient.data(), gradient.data() + gradient.size());
  return row;
}

}  // namespace

int log_prob(run& r) {
  const std::string& file = r.method()["unconstrained_params"].as_text();
  if (file.empty())
    throw usage_error(
        "Argument unconstrained_params must name a JSON file of points, got "
        "none.");
  const Eigen::MatrixXd points = read_points(file, r.model);
  std::vector<std::string> parameters;
  r.model.unconstrained_param_names(parameters, false, false);
  std::vector<std::string> names{"lp__"};
  for (const std::string& parameter : parameters)
    names.push_back("g_" + parameter);

  writer csv = r.open_output();
  csv(names);
  const bool jacobian = r.method()["jacobian"].as_bool();
  for (Eigen::Index i = 0; i < points.rows(); ++i)
    csv(evaluate(r, points.row(i), jacobian));
  return stan::services::error_codes::OK;
}

}  // namespace whence
