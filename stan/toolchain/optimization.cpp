/** The methods that climb by L-BFGS: optimize and pathfinder. */
#include "run.hpp"

#include <stan/callbacks/structured_writer.hpp>
#include <stan/services/optimize/lbfgs.hpp>
#include <stan/services/pathfinder/multi.hpp>
#include <stan/services/pathfinder/single.hpp>

#include <tuple>

namespace whence {
namespace {

/** Step and tolerances in the order in which the services take them. */
auto line_search_settings(const argument& from) {
  return std::make_tuple(
      from["history_size"].as_int(), from["init_alpha"].as_double(),
      from["tol_obj"].as_double(), from["tol_rel_obj"].as_double(),
      from["tol_grad"].as_double(), from["tol_rel_grad"].as_double(),
      from["tol_param"].as_double());
}

}  // namespace

int optimize(run& r) {
  using stan::model::model_base;
  const argument& method = r.method();
  writer csv = r.open_output();
  const context init = read_json(r.init_file);
  return std::apply(
      [&](const auto&... setting) {
        const auto lbfgs = [&](auto&& service) {
          return service(r.model, *init, r.seed, r.id, r.init_radius,
                         setting..., method["iter"].as_int(),
                         method["save_iterations"].as_bool(), r.refresh,
                         r.interrupt, r.logger, r.no_writer, csv);
        };
        namespace services = stan::services::optimize;
        return method["jacobian"].as_bool()
                   ? lbfgs(WHENCE_LIFT((services::lbfgs<model_base, true>)))
                   : lbfgs(WHENCE_LIFT((services::lbfgs<model_base, false>)));
      },
      line_search_settings(method["algorithm"].chosen()));
}

int pathfinder(run& r) {
  namespace services = stan::services::pathfinder;
  const argument& method = r.method();
  const int num_paths = method["num_paths"].as_int();
  const int num_draws = method["num_draws"].as_int();
  const int num_elbo_draws = method["num_elbo_draws"].as_int();
  const int max_iterations = method["max_lbfgs_iters"].as_int();
  const bool calculate_lp = method["calculate_lp"].as_bool();
  const bool save_iterations = false;
  writer csv = r.open_output();
  const std::vector<context> inits = r.inits(num_paths);
  stan::callbacks::structured_writer no_diagnostics;

  return std::apply(
      [&](const auto&... setting) -> int {
        if (num_paths == 1)
          return services::pathfinder_lbfgs_single(
              r.model, *inits[0], r.seed, r.id, r.init_radius, setting...,
              max_iterations, num_elbo_draws, num_draws, save_iterations,
              r.refresh, r.interrupt, r.logger, r.no_writer, csv,
              no_diagnostics, calculate_lp);
        std::vector<stan::callbacks::writer> no_writers(num_paths);
        std::vector<stan::callbacks::structured_writer> no_path_diagnostics(
            num_paths);
        return services::pathfinder_lbfgs_multi(
            r.model, inits, r.seed, r.id, r.init_radius, setting...,
            max_iterations, num_elbo_draws, num_draws,
            method["num_psis_draws"].as_int(), num_paths, save_iterations,
            r.refresh, r.interrupt, r.logger, no_writers, no_writers,
            no_path_diagnostics, csv, no_diagnostics, calculate_lp,
            method["psis_resample"].as_bool());
      },
      line_search_settings(method));
}

}  // namespace whence
