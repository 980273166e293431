#ifndef WHENCE_BATCH_HPP
#define WHENCE_BATCH_HPP

#include <string>
#include <vector>

namespace whence {

/** First word of a command line that asks for many fits. */
constexpr const char* batch_command = "batch";

/**
 * Fits every data set that comes on standard input, one chain each, and writes
 * a binary record for each to standard output. Returns when the input ends.
 *
 * Throws usage_error when a setting is unknown or out of its bounds.
 */
void batch(const std::vector<std::string>& settings);

}  // namespace whence
#endif
