/**
 * CmdStan's command line over stan::services, for one compiled model.
 *
 * Linked with the object file that stanc and the compiler make of a program.
 * It speaks what cmdstanpy speaks: info, sample (NUTS, fixed_param), optimize
 * (L-BFGS), pathfinder, generate_quantities and log_prob (at unconstrained
 * points), with CmdStan's names, defaults, CSV and exit codes, so that a seed
 * gives CmdStan's draws. Beyond CmdStan it has `batch`, many fits in one
 * process (see batch.cpp).
 */
#include "batch.hpp"
#include "command_line.hpp"
#include "run.hpp"

#include <stan/services/error_codes.hpp>

#include <boost/lexical_cast.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

stan::model::model_base& new_model(stan::io::var_context& data,
                                   unsigned int seed, std::ostream* messages);

namespace {

constexpr int success = 0;
constexpr int failure = 1;

int print_info() {
#ifdef STAN_THREADS
  const char* threads = "true";
#else
  const char* threads = "false";
#endif
  std::cout << "stan_version_major = " << stan::MAJOR_VERSION << "\n"
            << "stan_version_minor = " << stan::MINOR_VERSION << "\n"
            << "stan_version_patch = " << stan::PATCH_VERSION << "\n"
            << "STAN_THREADS=" << threads << "\n"
            << "STAN_MPI=false\n"
            << "STAN_OPENCL=false\n"
            << "STAN_NO_RANGE_CHECKS=false\n"
            << "STAN_CPP_OPTIMS=false\n";
  return success;
}

long long seed_from_clock() {
  using namespace std::chrono;
  const auto now = system_clock::now().time_since_epoch();
  return static_cast<unsigned int>(duration_cast<milliseconds>(now).count());
}

/** Runs the method that the command line names. */
int run_method(whence::run& run) {
  const std::string& method = run.method().name();
  if (method == "sample")
    return whence::sample(run);
  if (method == "optimize")
    return whence::optimize(run);
  if (method == "pathfinder")
    return whence::pathfinder(run);
  if (method == "log_prob")
    return whence::log_prob(run);
  return whence::generate_quantities(run);
}

int run_command(whence::argument& root) {
  if (root["random"]["seed"].as_integer() < 0)
    root["random"]["seed"].assign(seed_from_clock());
  root.print_children([](const std::string& line) { std::cout << line << "\n"; });
  std::cout << std::endl;

  const unsigned int seed = root["random"]["seed"].as_integer();
  const whence::context data = whence::read_json(root["data"]["file"].as_text());
  stan::math::init_threadpool_tbb(root["num_threads"].as_int());
  const std::unique_ptr<stan::model::model_base> model(
      &new_model(*data, seed, &std::cout));

  // `init` is a radius or the name of a file; a file leaves what it does not
  // hold to the default radius.
  std::string init_file = root["init"].as_text();
  double init_radius = 2;
  double given_radius;
  if (boost::conversion::try_lexical_convert(init_file, given_radius)) {
    init_radius = given_radius;
    init_file.clear();
  }

  whence::run run{*model,
                  root,
                  seed,
                  static_cast<unsigned int>(root["id"].as_int()),
                  init_radius,
                  init_file,
                  root["output"]["refresh"].as_int(),
                  root["output"]["file"].as_text()};
  return run_method(run) == stan::services::error_codes::OK ? success
                                                                    : failure;
}

}  // namespace

int main(int argc, const char* argv[]) {
  const std::vector<std::string> tokens(argv + 1, argv + argc);
  try {
    if (tokens == std::vector<std::string>{"info"})
      return print_info();
    if (!tokens.empty() && tokens[0] == whence::batch_command) {
      whence::batch({tokens.begin() + 1, tokens.end()});
      return success;
    }
    whence::argument root = whence::parse_command_line(tokens);
    return run_command(root);
  } catch (const whence::usage_error& error) {
    std::cerr << error.what()
              << "\nFailed to parse command arguments, cannot run model."
              << std::endl;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
  }
  return failure;
}
