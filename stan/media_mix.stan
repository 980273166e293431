// Media mix: each channel's share of mean expected sales over a period of T weeks,
//   y[t] ~ normal(mu[t], sigma * y_scale), and with probability shock_probability a shock on top
//   of it, normal(0, shock_sd * y_scale), such as a holiday that no control tells of,
//   mu[t] = y_scale * (level * (1 + sum_c share[c] * (r[t, c] - 1)) + x[t] * beta),
// r the saturated adstock of a channel's spends over its mean in the period, x the trend, season
// and controls, each centred over the period: so level * y_scale is mean expected sales, and
// share[c] exactly the channel's part of it. Sampled are weights of an orthonormal basis of x, and
// sheared log odds of the shares: the volume that these change is accounted for. No constant is
// dropped from the joint density.
functions {
  #include functions/belief_prior.stanfunctions
  #include functions/media_response.stanfunctions
  #include functions/shocked_normal.stanfunctions
}
data {
  int<lower=2> T; // weeks of the period
  int<lower=0> L; // weeks before it that are remembered
  int<lower=1> C; // channels
  int<lower=1> K; // columns of trend, season and controls
  vector[T] y; // sales of each week
  real<lower=0> y_scale; // unit of the priors: mean sales of a week
  matrix<lower=0>[L + T, C] spend; // of each week and channel, from the first remembered week on
  matrix[T, K] x; // trend, season and controls, each centred over the period
  vector<lower=0>[K] beta_sd; // prior sd of each coefficient, in units of y_scale
  vector<lower=0, upper=1>[C] share_low; // bounds of each share
  vector<lower=share_low, upper=1>[C] share_high;
  array[C] int<lower=1, upper=6> share_family; // law of each share: see belief_prior
  array[C] vector[3] share_parameters; // the third is 0 where a family has but two
  vector<upper=0>[C] share_log_mass; // log of the part of each law in [0, 1]
  vector<lower=0, upper=1>[C] share_weight; // of each law; the rest is uniform on [0, 1]
  int<lower=0, upper=1> likelihood; // 0 draws from the prior: y is not looked at
}
transformed data {
  array[C] matrix[T, L + 1] lagged;
  vector[C] mean_spend; // over the period
  vector[C] share_width = share_high - share_low;
  matrix[T, K] basis = qr_thin_Q(x) * sqrt(T - 1);
  matrix[K, K] from_basis = inverse(qr_thin_R(x) / sqrt(T - 1));
  real log_volume = log_determinant(from_basis); // beta's Jacobian
  for (c in 1 : C) {
    lagged[c] = lagged_spends(spend[ : , c], T);
    mean_spend[c] = mean(tail(spend[ : , c], T));
  }
}
parameters {
  real<lower=0> level; // mean expected sales, in units of y_scale
  vector[C] strength; // log odds of each share between its bounds, sheared: see below
  vector<lower=0, upper=1>[C] decay; // part of a week's effect that is left in the next
  vector<lower=0>[C] half; // adstock of half the most effect, in units of the mean adstock
  vector[K] basis_weight; // of the basis, with what channels have along it
  real<lower=0> sigma; // sd of the noise, in units of y_scale
  real<lower=0, upper=1> shock_probability; // of a week
  real<lower=0> shock_sd; // in units of y_scale
}
transformed parameters {
  vector[C] log_odds; // of each share between its bounds
  vector[C] share; // of mean expected sales, by channel
  vector[T] mu = basis * basis_weight + level; // expected sales
  vector[K] beta = basis_weight; // of trend, season and controls
  for (c in 1 : C) {
    // Data tell how far sales swing with a channel, apart from trend, season and controls. The
    // less its effect varies, the larger is the share that goes with a swing: shears of the log
    // odds and of the weights take out this funnel, and the ridge where a channel stands for x.
    vector[T] deviation = relative_response(lagged[c], decay[c], half[c]) - 1;
    vector[K] along = basis' * deviation / (T - 1);
    vector[T] apart = deviation - basis * along;
    log_odds[c] = strength[c] - 0.5 * log(1e-4 + variance(apart));
    share[c] = share_low[c] + share_width[c] * inv_logit(log_odds[c]);
    mu += level * share[c] * apart;
    beta -= level * share[c] * along;
  }
  mu *= y_scale;
  beta = from_basis * beta;
}
model {
  // The period's own mean is the unit: the level may err by a fifth.
  target += lognormal_lpdf(level | 0, 0.2);
  for (c in 1 : C) {
    target += belief_prior_lpdf(share[c] | share_family[c], share_parameters[c],
                                share_log_mass[c], share_weight[c]);
  }
  target += log(share_width) + log_inv_logit(log_odds) + log1m_inv_logit(log_odds);
  // No memory is likeliest; one without an end, which could not be told from the level, is not.
  target += beta_lpdf(decay | 1, 3);
  // From nearly on-off (half 0.1) to nearly linear (10) around saturation at the usual spend.
  target += lognormal_lpdf(half | 0, 1);
  target += normal_lpdf(beta | 0, beta_sd) + log_volume;
  // Noise is smaller than the sales themselves; shocks may double them, and are rare.
  target += normal_lpdf(sigma | 0, 0.3) + log2();
  target += beta_lpdf(shock_probability | 1, 9);
  target += normal_lpdf(shock_sd | 0, 0.5) + log2();
  if (likelihood) {
    target += sum(shocked_normal_log_density(y, mu, sigma * y_scale, shock_probability,
                                             shock_sd * y_scale));
  }
}
generated quantities {
  real baseline = 1 - sum(share); // what is no channel's; below 0 where the shares exceed 1
  vector[C] contribution = y_scale * level * share; // sales of a mean week
  vector[C] return_on_spend = contribution ./ mean_spend; // sales for a unit of spend
  vector[T] log_lik
    = shocked_normal_log_density(y, mu, sigma * y_scale, shock_probability, shock_sd * y_scale);
  array[T] real y_rep;
  for (t in 1 : T) {
    int is_shocked = bernoulli_rng(shock_probability);
    y_rep[t] = normal_rng(mu[t], y_scale * hypot(sigma, is_shocked * shock_sd));
  }
}
