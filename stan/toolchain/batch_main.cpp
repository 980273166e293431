/**
 * Main program of many fits alone, for programs that an installed CmdStan
 * compiles: its makefile takes it as CMDSTAN_MAIN. The toolchain made of the
 * wheel has the same command in its one main program.
 */
#include "arguments.cpp"
#include "batch.cpp"

int main(int argc, const char* argv[]) {
  const std::vector<std::string> tokens(argv + 1, argv + argc);
  try {
    if (tokens.empty() || tokens[0] != whence::batch_command)
      throw whence::usage_error("The first argument must be \"batch\".");
    whence::batch({tokens.begin() + 1, tokens.end()});
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
