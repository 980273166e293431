#ifndef WHENCE_RUN_HPP
#define WHENCE_RUN_HPP

#include "arguments.hpp"
#include "files.hpp"

#include <stan/callbacks/interrupt.hpp>
#include <stan/callbacks/stream_logger.hpp>
#include <stan/callbacks/writer.hpp>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

/** An overloaded function template as one object that can be handed on. */
#define WHENCE_LIFT(function)           \
  [](auto&&... arguments) {             \
    return function(std::forward<decltype(arguments)>(arguments)...); \
  }

namespace whence {

/** What every method needs; built once from the command line. */
struct run {
  stan::model::model_base& model;
  const argument& root;
  unsigned int seed;
  unsigned int id;
  double init_radius;
  std::string init_file;
  int refresh;
  std::string output;
  stan::callbacks::interrupt interrupt;
  stan::callbacks::stream_logger logger{std::cout, std::cout, std::cout,
                                        std::cerr, std::cerr};
  stan::callbacks::writer no_writer;

  /** The method that was chosen, with its settings. */
  const argument& method() const { return root["method"].chosen(); }

  /** Initial values of each chain or path; none where only a radius is given. */
  std::vector<context> inits(int count) const {
    return read_json_per_chain(init_file, id, count);
  }

  writer open_output() const {
    return std::move(open_writers(output, root, model, 1).front());
  }
};

// The methods; each returns one of stan::services::error_codes.
int sample(run& r);
int generate_quantities(run& r);
int optimize(run& r);
int pathfinder(run& r);
int log_prob(run& r);

}  // namespace whence
#endif
