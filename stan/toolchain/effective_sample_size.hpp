#ifndef WHENCE_EFFECTIVE_SAMPLE_SIZE_HPP
#define WHENCE_EFFECTIVE_SAMPLE_SIZE_HPP

#include <stan/math/prim/fun/Eigen.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace whence {

/** Ranks 0..n-1 less their mean; equal values share the mean of their ranks. */
inline Eigen::VectorXd centred_ranks(const std::vector<double>& values) {
  const std::size_t n = values.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&values](std::size_t a, std::size_t b) {
    return values[a] < values[b];
  });
  Eigen::VectorXd ranks(n);
  for (std::size_t first = 0, last; first < n; first = last) {
    last = first + 1;
    while (last < n && values[order[last]] == values[order[first]])
      ++last;
    const double shared = 0.5 * (first + last - 1) - 0.5 * (n - 1);
    for (std::size_t i = first; i < last; ++i)
      ranks[order[i]] = shared;
  }
  return ranks;
}

/**
 * Effective sample size of the mean of a centred series from one chain, by
 * Geyer's initial monotone sequence; 1 where the series is constant, since a
 * chain whose draws are all equal is stuck.
 *
 * Stops summing once the size is known to be below `enough`: what it returns
 * then is an upper bound.
 */
inline double mean_sample_size(const Eigen::VectorXd& series, double enough) {
  const Eigen::Index n = series.size();
  const double variance = series.squaredNorm();
  if (variance == 0)
    return 1;
  const auto correlation = [&](Eigen::Index lag) {
    return series.head(n - lag).dot(series.tail(n - lag)) / variance;
  };
  double tau = -1;
  double smallest = std::numeric_limits<double>::infinity();
  for (Eigen::Index lag = 0; lag + 1 < n && tau <= n / enough; lag += 2) {
    const double pair = correlation(lag) + correlation(lag + 1);
    if (pair <= 0)
      break;
    smallest = std::min(smallest, pair);
    tau += 2 * smallest;
  }
  return n / std::max(tau, 1 / std::log10(static_cast<double>(n)));
}

/**
 * The smaller of two effective sample sizes of a chain: of its ranks, and of
 * their distance from the middle, which the tails depend on.
 *
 * Geyer (1992), Statistical Science 7, 473-483; ranks as in Vehtari et al.
 * (2021), Bayesian Analysis 16, 667-718.
 */
inline double effective_sample_size(const std::vector<double>& chain,
                                    double enough) {
  const Eigen::VectorXd ranks = centred_ranks(chain);
  const Eigen::VectorXd distance = ranks.cwiseAbs();
  const Eigen::VectorXd folded = distance.array() - distance.mean();
  return std::min(mean_sample_size(ranks, enough),
                  mean_sample_size(folded, enough));
}

}  // namespace whence
#endif
