/** The methods that draw: sample and generate_quantities. */
#include "run.hpp"

#include <stan/io/stan_csv_reader.hpp>
#include <stan/services/sample/fixed_param.hpp>
#include <stan/services/sample/hmc_nuts_dense_e.hpp>
#include <stan/services/sample/hmc_nuts_dense_e_adapt.hpp>
#include <stan/services/sample/hmc_nuts_diag_e.hpp>
#include <stan/services/sample/hmc_nuts_diag_e_adapt.hpp>
#include <stan/services/sample/hmc_nuts_unit_e.hpp>
#include <stan/services/sample/hmc_nuts_unit_e_adapt.hpp>
#include <stan/services/sample/standalone_gqs.hpp>

#include <algorithm>
#include <tuple>

namespace whence {
namespace {

/** The inverse metric of every chain: from a file, else the identity. */
template <typename Identity>
std::vector<context> inverse_metrics(const run& r, const argument& hmc,
                                     int num_chains, Identity identity) {
  const std::string& file = hmc["metric_file"].as_text();
  if (!file.empty())
    return read_json_per_chain(file, r.id, num_chains);
  using identity_type = decltype(identity(r.model.num_params_r()));
  return std::vector<context>(
      num_chains, std::make_shared<identity_type>(
                      identity(r.model.num_params_r())));
}

/**
 * The columns of a CSV of draws that hold the model's parameters.
 *
 * Throws when the file was not written by this program.
 */
inline Eigen::MatrixXd read_fitted_parameters(
    const std::string& file, const stan::model::model_base& model) {
  std::ifstream stream(file);
  if (!stream)
    throw std::invalid_argument("Cannot open specified file, \"" + file + "\"");
  stan::io::stan_csv csv;
  std::ostringstream notes;
  using reader = stan::io::stan_csv_reader;
  reader::read_metadata(stream, csv.metadata, &notes);
  const bool has_header
      = reader::read_header(stream, csv.header, &notes, false);
  reader::read_adaptation(stream, csv.adaptation, &notes);
  reader::read_samples(stream, csv.samples, csv.timing, &notes);

  std::vector<std::string> names;
  model.constrained_param_names(names, false, false);
  std::size_t first = 0;
  while (first < csv.header.size()
         && boost::ends_with(csv.header[first], "__"))
    ++first;
  const bool fits
      = has_header && first + names.size() <= csv.header.size()
        && std::equal(names.begin(), names.end(), csv.header.begin() + first);
  if (!fits)
    throw std::invalid_argument(
        "Mismatch between model and fitted_parameters csv file \"" + file
        + "\"");
  return csv.samples.middleCols(first, names.size());
}

}  // namespace

int sample(run& r) {
  namespace services = stan::services::sample;
  namespace util = stan::services::util;
  const argument& method = r.method();
  const int num_chains = method["num_chains"].as_int();
  const int num_samples = method["num_samples"].as_int();
  const int thin = method["thin"].as_int();
  const std::vector<context> inits = r.inits(num_chains);
  std::vector<stan::callbacks::writer> init_writers(num_chains);
  std::vector<writer> samples
      = open_writers(r.output, r.root, r.model, num_chains);
  std::vector<writer> diagnostics
      = open_writers(r.root["output"]["diagnostic_file"].as_text(), r.root,
                     r.model, num_chains);

  const bool fixed = method["algorithm"].as_text() == "fixed_param";
  if (fixed || r.model.num_params_r() == 0) {
    if (!fixed)
      r.logger.info(
          "Model contains no parameters, running fixed_param sampler, "
          "no updates to Markov chain");
    return services::fixed_param(r.model, num_chains, inits, r.seed, r.id,
                                 r.init_radius, num_samples, thin, r.refresh,
                                 r.interrupt, r.logger, init_writers, samples,
                                 diagnostics);
  }

  const argument& hmc = method["algorithm"].chosen();
  const argument& adapt = method["adapt"];
  const auto settings = std::make_tuple(
      method["num_warmup"].as_int(), num_samples, thin,
      method["save_warmup"].as_bool(), r.refresh, hmc["stepsize"].as_double(),
      0.0, hmc["engine"].chosen()["max_depth"].as_int());
  const auto step_size = std::make_tuple(
      adapt["delta"].as_double(), adapt["gamma"].as_double(),
      adapt["kappa"].as_double(), adapt["t0"].as_double());
  const auto windows = std::make_tuple(adapt["init_buffer"].as_int(),
                                       adapt["term_buffer"].as_int(),
                                       adapt["window"].as_int());

  // `metrics` is nothing (unit_e) or the inverse metrics of the chains.
  const auto nuts = [&](auto&& service, const auto& adaptation,
                        const auto&... metrics) {
    return std::apply(
        [&](const auto&... setting) {
          return service(r.model, static_cast<std::size_t>(num_chains), inits,
                         metrics..., r.seed, r.id, r.init_radius, setting...,
                         r.interrupt, r.logger, init_writers, samples,
                         diagnostics);
        },
        std::tuple_cat(settings, adaptation));
  };
  const auto none = std::make_tuple();
  const auto windowed = std::tuple_cat(step_size, windows);
  const bool adapts = adapt["engaged"].as_bool();
  const std::string& metric = hmc["metric"].as_text();
  if (metric == "unit_e")
    return adapts ? nuts(WHENCE_LIFT(services::hmc_nuts_unit_e_adapt), step_size)
                  : nuts(WHENCE_LIFT(services::hmc_nuts_unit_e), none);
  if (metric == "dense_e") {
    const auto metrics = inverse_metrics(r, hmc, num_chains,
                                         util::create_unit_e_dense_inv_metric);
    return adapts ? nuts(WHENCE_LIFT(services::hmc_nuts_dense_e_adapt), windowed,
                         metrics)
                  : nuts(WHENCE_LIFT(services::hmc_nuts_dense_e), none, metrics);
  }
  const auto metrics = inverse_metrics(r, hmc, num_chains,
                                       util::create_unit_e_diag_inv_metric);
  return adapts ? nuts(WHENCE_LIFT(services::hmc_nuts_diag_e_adapt), windowed,
                       metrics)
                : nuts(WHENCE_LIFT(services::hmc_nuts_diag_e), none, metrics);
}

int generate_quantities(run& r) {
  const std::string& file = r.method()["fitted_params"].as_text();
  if (file.empty())
    throw usage_error(
        "Argument fitted_params must name a CSV file of draws, got none.");
  const Eigen::MatrixXd draws = read_fitted_parameters(file, r.model);
  writer csv = r.open_output();
  return stan::services::standalone_generate(r.model, draws, r.seed,
                                             r.interrupt, r.logger, csv);
}

}  // namespace whence
