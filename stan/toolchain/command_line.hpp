#ifndef WHENCE_COMMAND_LINE_HPP
#define WHENCE_COMMAND_LINE_HPP

#include "arguments.hpp"

#include <stan/math/prim/core/init_threadpool_tbb.hpp>

#include <limits>
#include <string>
#include <vector>

namespace whence {

/** Step and tolerances of the L-BFGS line search. */
inline argument::list line_search() {
  return {argument::positive("init_alpha", 0.001),
          argument::positive("tol_obj", 1e-12),
          argument::positive("tol_rel_obj", 1e4),
          argument::positive("tol_grad", 1e-8),
          argument::positive("tol_rel_grad", 1e7),
          argument::positive("tol_param", 1e-8),
          argument::integer("history_size", 5, 1)};
}

inline argument sample_method() {
  return argument::category(
      "sample",
      {argument::integer("num_samples", 1000, 0),
       argument::integer("num_warmup", 1000, 0),
       argument::boolean("save_warmup", false), argument::integer("thin", 1, 1),
       argument::category("adapt", {argument::boolean("engaged", true),
                                    argument::positive("gamma", 0.05),
                                    argument::positive("delta", 0.8, 1),
                                    argument::positive("kappa", 0.75),
                                    argument::positive("t0", 10),
                                    argument::integer("init_buffer", 75, 0),
                                    argument::integer("term_buffer", 50, 0),
                                    argument::integer("window", 25, 0)}),
       argument::choice(
           "algorithm", "hmc",
           {argument::category(
                "hmc",
                {argument::choice("engine", "nuts",
                                  {argument::category(
                                      "nuts",
                                      {argument::integer("max_depth", 10, 1)})}),
                 argument::choice("metric", "diag_e",
                                  {argument::category("unit_e"),
                                   argument::category("diag_e"),
                                   argument::category("dense_e")}),
                 argument::text("metric_file", ""),
                 argument::positive("stepsize", 1)}),
            argument::category("fixed_param")}),
       argument::integer("num_chains", 1, 1)});
}

inline argument optimize_method() {
  return argument::category(
      "optimize",
      {argument::choice("algorithm", "lbfgs",
                        {argument::category("lbfgs", line_search())}),
       argument::boolean("jacobian", false), argument::integer("iter", 2000, 1),
       argument::boolean("save_iterations", false)});
}

inline argument pathfinder_method() {
  argument::list settings = line_search();
  settings.insert(settings.end(),
                  {argument::integer("num_psis_draws", 1000, 1),
                   argument::integer("num_paths", 4, 1),
                   argument::boolean("psis_resample", true),
                   argument::boolean("calculate_lp", true),
                   argument::integer("max_lbfgs_iters", 1000, 1),
                   argument::integer("num_draws", 1000, 1),
                   argument::integer("num_elbo_draws", 25, 1)});
  return argument::category("pathfinder", std::move(settings));
}

/** The whole tree, with CmdStan 2.35's names, defaults and order. */
inline argument command_line() {
#ifdef STAN_THREADS
  const long long threads = stan::math::internal::get_num_threads();
  const long long most_threads = std::numeric_limits<int>::max();
#else
  const long long threads = 1;
  const long long most_threads = 1;
#endif
  return argument::category(
      "",
      {argument::choice(
           "method", "sample",
           {sample_method(), optimize_method(), pathfinder_method(),
            argument::category("generate_quantities",
                               {argument::text("fitted_params", "")}),
            argument::category("log_prob",
                               {argument::text("unconstrained_params", ""),
                                argument::boolean("jacobian", true)})}),
       argument::integer("id", 1, 0),
       argument::category("data", {argument::text("file", "")}),
       argument::text("init", "2"),
       argument::category("random",
                          {argument::integer("seed", -1, -1, 4294967295LL)}),
       argument::category("output", {argument::text("file", "output.csv"),
                                     argument::text("diagnostic_file", ""),
                                     argument::integer("refresh", 100, 0),
                                     argument::integer("sig_figs", -1, -1, 18)}),
       argument::integer("num_threads", threads, 1, most_threads)});
}

/** Reads the tokens after the program's name. */
inline argument parse_command_line(const std::vector<std::string>& tokens) {
  argument root = command_line();
  std::size_t at = 0;
  root.parse(tokens, at);
  if (at < tokens.size())
    throw usage_error(tokens[at] + " is either mistyped or misplaced.");
  if (!root["method"].is_given())
    throw usage_error("A method must be specified!");
  return root;
}

}  // namespace whence
#endif
