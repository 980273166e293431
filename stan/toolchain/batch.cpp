/**
 * Many fits in one process, for simulation-based calibration.
 *
 * A request is a line: the number of the simulation, a blank, the data as JSON
 * in one line. The record that answers it is described by `record_head`. The
 * chain is that of `sample id=NUMBER random seed=SEED` with the same settings,
 * but generated quantities are computed for the draws that are kept alone,
 * with random numbers of their own.
 */
#include "batch.hpp"

#include "arguments.hpp"
#include "effective_sample_size.hpp"

#include <stan/callbacks/logger.hpp>
#include <stan/callbacks/writer.hpp>
#include <stan/io/empty_var_context.hpp>
#include <stan/io/json/json_data.hpp>
#include <stan/mcmc/hmc/nuts/adapt_diag_e_nuts.hpp>
#include <stan/model/model_base.hpp>
#include <stan/services/util/create_rng.hpp>
#include <stan/services/util/initialize.hpp>

#include <cstdint>
#include <iostream>
#include <memory>
#include <sstream>

stan::model::model_base& new_model(stan::io::var_context& data,
                                   unsigned int seed, std::ostream* messages);

namespace whence {
namespace {

using model_base = stan::model::model_base;
using rng_type = decltype(stan::services::util::create_rng(0, 0));
using sampler_type = stan::mcmc::adapt_diag_e_nuts<model_base, rng_type>;

/** What a fit came to; Python knows these numbers. */
enum status : std::int32_t { ok = 0, short_of_ess = 1, failed = 2, refused = 3 };

/** Where a sampler's own statistics stand among what it reports. */
enum statistic { stepsize, tree_depth, leapfrogs, diverged };

/**
 * Iterations of a chain: of warm-up, and after it, doubled until ess is reached
 * or the most draws would not reach it either.
 */
struct length {
  int warmup;
  int draws;
  int most_draws;
};

struct settings {
  unsigned int seed;
  length whole;
  length first;    // what is tried before; a warm-up of 0 for nothing
  int kept;        // draws that are written, evenly spaced
  double ess;      // that every parameter and the log density must reach
  double delta;
  int max_depth;
};

/** Head of a record; little-endian on every machine that Stan runs on. */
struct record_head {
  std::int64_t id;
  std::int32_t status;
  std::int32_t columns;
  std::int32_t kept;
  std::int32_t iterations;
  std::int32_t divergences;
  std::int32_t saturated;
  std::int64_t leapfrogs;
  double ess;
  double stepsize;
  std::int32_t message_bytes;
  std::int32_t names_bytes;
};
static_assert(sizeof(record_head) == 64, "Python reads 64 bytes");

struct record {
  record_head head{};
  std::string message;
  std::string names;                // of the columns, a line each
  std::vector<double> log_density;  // of each kept draw
  std::vector<double> values;       // draw after draw
};

argument batch_arguments() {
  return argument::category(
      "", {argument::integer("seed", 1, 0, 4294967295LL),
           argument::integer("num_warmup", 1000, 1),
           argument::integer("num_samples", 1000, 4),
           argument::integer("most_samples", 4000, 4),
           argument::integer("first_warmup", 0, 0),
           argument::integer("first_samples", 300, 4),
           argument::integer("kept", 79, 1), argument::positive("ess", 79),
           argument::positive("delta", 0.8, 1),
           argument::integer("max_depth", 10, 1)});
}

settings read_settings(const std::vector<std::string>& tokens) {
  argument root = batch_arguments();
  std::size_t at = 0;
  root.parse(tokens, at);
  if (at < tokens.size())
    throw usage_error(tokens[at] + " is either mistyped or misplaced.");
  const int kept = root["kept"].as_int();
  const auto draws = [&](const char* name) {
    return std::max(root[name].as_int(), kept);
  };
  return {static_cast<unsigned int>(root["seed"].as_integer()),
          {root["num_warmup"].as_int(), draws("num_samples"),
           draws("most_samples")},
          {root["first_warmup"].as_int(), draws("first_samples"),
           2 * draws("first_samples")},
          kept,
          root["ess"].as_double(),
          root["delta"].as_double(),
          root["max_depth"].as_int()};
}

/** The chain after warm-up: a series for each unconstrained parameter. */
struct trajectory {
  std::vector<std::vector<double>> parameters;
  std::vector<double> log_density;
  std::int32_t divergences = 0;
  std::int32_t saturated = 0;

  double smallest_ess(double enough) const {
    double smallest = effective_sample_size(log_density, enough);
    for (const std::vector<double>& chain : parameters)
      smallest = std::min(smallest, effective_sample_size(chain, enough));
    return smallest;
  }
};

/** Warms up as CmdStan's `sample` does with its default windows. */
stan::mcmc::sample warm_up(sampler_type& sampler, std::vector<double>& start,
                           int iterations, const settings& given,
                           stan::callbacks::logger& logger) {
  const Eigen::VectorXd identity = Eigen::VectorXd::Ones(start.size());
  sampler.set_metric(identity);
  sampler.set_nominal_stepsize(1);
  sampler.set_stepsize_jitter(0);
  sampler.set_max_depth(given.max_depth);
  auto& adaptation = sampler.get_stepsize_adaptation();
  adaptation.set_mu(std::log(10));
  adaptation.set_delta(given.delta);
  adaptation.set_gamma(0.05);
  adaptation.set_kappa(0.75);
  adaptation.set_t0(10);
  sampler.set_window_params(iterations, 75, 50, 25, logger);
  sampler.engage_adaptation();
  const Eigen::Map<Eigen::VectorXd> position(start.data(), start.size());
  sampler.z().q = position;
  sampler.init_stepsize(logger);
  stan::mcmc::sample at(position, 0, 0);
  for (int i = 0; i < iterations; ++i)
    at = sampler.transition(at, logger);
  sampler.disengage_adaptation();
  return at;
}

/** Draws until the chain has `until` draws. */
void extend(trajectory& chain, int until, sampler_type& sampler,
            stan::mcmc::sample& at, record_head& head, const settings& given,
            stan::callbacks::logger& logger) {
  std::vector<double> statistics;
  while (static_cast<int>(chain.log_density.size()) < until) {
    at = sampler.transition(at, logger);
    statistics.clear();
    sampler.get_sampler_params(statistics);
    head.leapfrogs += static_cast<std::int64_t>(statistics[leapfrogs]);
    head.divergences += statistics[diverged] != 0;
    head.saturated += statistics[tree_depth] >= given.max_depth;
    chain.log_density.push_back(at.log_prob());
    for (std::size_t k = 0; k < chain.parameters.size(); ++k)
      chain.parameters[k].push_back(at.cont_params(k));
  }
  head.stepsize = statistics[stepsize];
}

/** Keeps evenly spaced draws, the last among them, with all their quantities. */
void keep(record& made, const trajectory& chain, const settings& given,
          const model_base& model, rng_type& rng) {
  const std::int64_t n = chain.log_density.size();
  std::vector<double> position(chain.parameters.size());
  std::vector<double> values;
  std::vector<int> no_integers;
  std::ostringstream messages;
  for (std::int64_t k = 1; k <= given.kept; ++k) {
    const std::size_t i = k * n / given.kept - 1;
    for (std::size_t p = 0; p < position.size(); ++p)
      position[p] = chain.parameters[p][i];
    model.write_array(rng, position, no_integers, values, true, true, &messages);
    made.log_density.push_back(chain.log_density[i]);
    made.values.insert(made.values.end(), values.begin(), values.end());
  }
  made.head.kept = given.kept;
}

void fit(record& made, const model_base& model, const length& iterations,
         const settings& given) {
  namespace util = stan::services::util;
  stan::callbacks::logger logger;
  stan::callbacks::writer no_writer;
  const unsigned int id = made.head.id;
  rng_type rng = util::create_rng(given.seed, id);
  std::vector<double> start
      = util::initialize(const_cast<model_base&>(model),
                         stan::io::empty_var_context(), rng, 2.0, false, logger,
                         no_writer);
  sampler_type sampler(model, rng);
  stan::mcmc::sample at
      = warm_up(sampler, start, iterations.warmup, given, logger);
  trajectory chain;
  chain.parameters.resize(start.size());
  std::int64_t draws = iterations.draws;
  bool goes_on = true;
  while (goes_on) {
    extend(chain, draws, sampler, at, made.head, given, logger);
    // The ESS below which the longest chain would not reach what is asked for.
    const double hopeless
        = given.ess * std::min(1.0, draws / double(iterations.most_draws));
    made.head.ess = chain.smallest_ess(hopeless);
    goes_on = made.head.ess < given.ess && made.head.ess >= hopeless
              && 2 * draws <= iterations.most_draws;
    made.head.iterations = draws;
    draws *= 2;
  }
  made.head.status = made.head.ess < given.ess ? short_of_ess : ok;
  rng_type quantities_rng = util::create_rng(given.seed, id ^ 0x80000000U);
  keep(made, chain, given, model, quantities_rng);
}

/** A short chain where it reaches the ESS, else, or from the start, a whole one. */
void fit_until_enough(record& made, const model_base& model,
                      const settings& given) {
  const record blank = made;
  if (given.first.warmup > 0) {
    fit(made, model, given.first, given);
    if (made.head.status == ok)
      return;
    made = blank;
  }
  fit(made, model, given.whole, given);
}

std::string column_names(const model_base& model) {
  std::vector<std::string> names;
  model.constrained_param_names(names, true, true);
  std::string joined;
  for (const std::string& name : names)
    joined += name + "\n";
  return joined;
}

record answer(const std::string& request, const settings& given) {
  record made;
  std::istringstream stream(request);
  stream >> made.head.id;
  std::ostringstream messages;
  try {
    made.head.status = refused;
    stan::json::json_data data(stream);
    const std::unique_ptr<model_base> model(
        &new_model(data, given.seed, &messages));
    if (model->num_params_r() == 0)
      throw std::domain_error("Exception: the program has no parameters");
    made.names = column_names(*model);
    made.head.columns
        = std::count(made.names.begin(), made.names.end(), '\n');
    made.head.status = failed;
    fit_until_enough(made, *model, given);
  } catch (const std::exception& error) {
    made.message = error.what();
    made.head.kept = 0;
    made.log_density.clear();
    made.values.clear();
  }
  made.head.message_bytes = made.message.size();
  made.head.names_bytes = made.names.size();
  return made;
}

void write_bytes(const void* bytes, std::size_t count) {
  std::cout.write(static_cast<const char*>(bytes), count);
}

void write(const record& made) {
  write_bytes(&made.head, sizeof made.head);
  write_bytes(made.message.data(), made.message.size());
  write_bytes(made.names.data(), made.names.size());
  write_bytes(made.log_density.data(), made.log_density.size() * sizeof(double));
  write_bytes(made.values.data(), made.values.size() * sizeof(double));
  std::cout.flush();
}

}  // namespace

void batch(const std::vector<std::string>& tokens) {
  const settings given = read_settings(tokens);
  std::ios::sync_with_stdio(false);
  std::string request;
  while (std::getline(std::cin, request))
    write(answer(request, given));
}

}  // namespace whence
