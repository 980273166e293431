#ifndef WHENCE_FILES_HPP
#define WHENCE_FILES_HPP

#include "arguments.hpp"

#include <stan/callbacks/unique_stream_writer.hpp>
#include <stan/io/empty_var_context.hpp>
#include <stan/io/json/json_data.hpp>
#include <stan/model/model_base.hpp>
#include <stan/version.hpp>

#include <ctime>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace whence {

using writer = stan::callbacks::unique_stream_writer<std::ostream>;
using context = std::shared_ptr<stan::io::var_context>;

/** The file's values; no name means no values. */
inline context read_json(const std::string& file) {
  if (file.empty())
    return std::make_shared<stan::io::empty_var_context>();
  std::ifstream stream(file);
  if (!stream)
    throw std::invalid_argument("Cannot open specified file, \"" + file + "\"");
  return std::make_shared<stan::json::json_data>(stream);
}

/** `draws.csv` becomes `draws_3.csv` for chain 3. */
inline std::string chain_file(const std::string& file, int chain) {
  const std::size_t dot = file.find_last_of('.');
  const std::string suffix = dot == std::string::npos ? "" : file.substr(dot);
  return file.substr(0, file.size() - suffix.size()) + "_"
         + std::to_string(chain) + suffix;
}

/**
 * One context a chain: from a file of the chain's own where there is one,
 * else from the file that all chains share.
 */
inline std::vector<context> read_json_per_chain(const std::string& file,
                                                int first_chain,
                                                int num_chains) {
  std::vector<context> contexts;
  for (int chain = first_chain; chain < first_chain + num_chains; ++chain) {
    const std::string own = chain_file(file, chain);
    const bool has_own = num_chains > 1 && std::ifstream(own).good();
    contexts.push_back(read_json(has_own ? own : file));
  }
  return contexts;
}

/** A CSV writer; no name means that nothing is written. */
inline writer open_writer(const std::string& file, int sig_figs) {
  if (file.empty())
    return writer(std::unique_ptr<std::ostream>(), "# ");
  auto stream = std::make_unique<std::ofstream>(file);
  if (!*stream)
    throw std::invalid_argument("Cannot open output file, \"" + file + "\"");
  if (sig_figs >= 0)
    stream->precision(sig_figs);
  return writer(std::move(stream), "# ");
}

inline std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", std::gmtime(&now));
  return text;
}

/** The comments at the head of a CSV: versions, model and configuration. */
inline void write_configuration(writer& csv,
                                const stan::model::model_base& model,
                                const argument& root) {
  csv("stan_version_major = " + stan::MAJOR_VERSION);
  csv("stan_version_minor = " + stan::MINOR_VERSION);
  csv("stan_version_patch = " + stan::PATCH_VERSION);
  csv("model = " + model.model_name());
  csv("start_datetime = " + utc_now());
  root.print_children([&csv](const std::string& line) { csv(line); });
  for (const std::string& line : model.model_compile_info())
    csv(line);
}

/** One CSV writer a chain, each headed by the configuration. */
inline std::vector<writer> open_writers(const std::string& file,
                                        const argument& root,
                                        const stan::model::model_base& model,
                                        int num_chains) {
  const int first_chain = root["id"].as_int();
  const int sig_figs = root["output"]["sig_figs"].as_int();
  std::vector<writer> writers;
  for (int i = 0; i < num_chains; ++i) {
    const bool shared = num_chains == 1 || file.empty();
    writers.push_back(open_writer(
        shared ? file : chain_file(file, first_chain + i), sig_figs));
    write_configuration(writers.back(), model, root);
  }
  return writers;
}

}  // namespace whence
#endif
