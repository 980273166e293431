/**
 * The bare sampling time: Stan's own service in a loop, nothing written.
 *
 * Reads the same lines as `batch` does, from a file, and fits them with as many
 * processes as asked for, each taking the next few that nobody has taken.
 */
#include <stan/callbacks/interrupt.hpp>
#include <stan/callbacks/logger.hpp>
#include <stan/callbacks/structured_writer.hpp>
#include <stan/callbacks/writer.hpp>
#include <stan/io/empty_var_context.hpp>
#include <stan/io/json/json_data.hpp>
#include <stan/model/model_base.hpp>
#include <stan/services/sample/hmc_nuts_diag_e_adapt.hpp>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

stan::model::model_base& new_model(stan::io::var_context& data,
                                   unsigned int seed, std::ostream* messages);

namespace {

struct size_writer : stan::callbacks::writer {
  std::size_t values = 0;
  void operator()(const std::vector<double>& draw) override {
    values += draw.size();
  }
};

void fit(const std::string& request, unsigned int seed) {
  std::istringstream stream(request);
  unsigned int id;
  stream >> id;
  stan::json::json_data data(stream);
  std::ostringstream messages;
  const std::unique_ptr<stan::model::model_base> model(
      &new_model(data, seed, &messages));
  stan::io::empty_var_context start;
  stan::callbacks::interrupt interrupt;
  stan::callbacks::logger logger;
  stan::callbacks::writer no_writer;
  size_writer draws;
  stan::services::sample::hmc_nuts_diag_e_adapt(
      *model, start, seed, id, 2.0, 1000, 1000, 1, false, 0, 1.0, 0.0, 10, 0.8,
      0.05, 0.75, 10.0, 75U, 50U, 25U, interrupt, logger, no_writer, draws,
      no_writer);
}

}  // namespace

int main(int argc, const char* argv[]) {
  const std::string file = argv[1];
  const unsigned int seed = std::stoul(argv[2]);
  const int processes = std::stoi(argv[3]);
  std::vector<std::string> requests;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);)
    requests.push_back(line);
  void* shared = mmap(nullptr, sizeof(std::atomic<std::size_t>),
                      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto& next = *new (shared) std::atomic<std::size_t>(0);
  for (int p = 0; p < processes; ++p)
    if (fork() == 0) {
      for (std::size_t i = next++; i < requests.size(); i = next++)
        fit(requests[i], seed);
      _exit(0);
    }
  while (wait(nullptr) > 0) {
  }
}
