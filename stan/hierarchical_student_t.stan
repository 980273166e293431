// Normal estimates with known standard errors of effects that may lie far out:
//   y[j] ~ normal(theta[j], sigma[j]),  theta[j] ~ student_t(nu, mu, tau),
// that is, normal(mu, tau / sqrt(lambda[j])) with a weight lambda[j] ~ gamma(nu / 2, nu / 2).
// Given mu, tau and the weights the effects are integrated out, and drawn exactly. No constant is
// dropped from the joint density.
functions {
  #include functions/between_sd_prior.stanfunctions
  #include functions/student_weights.stanfunctions
  #include functions/unit_effects.stanfunctions
}
data {
  int<lower=1> J; // units (schools, sites, shops)
  vector[J] y; // estimated effect of each unit
  vector<lower=0>[J] sigma; // its standard error
  real mu_mean; // prior mean of mu
  real<lower=0> mu_sd; // prior sd of mu
  int<lower=1, upper=2> tau_family; // prior of tau: 1 half-Cauchy, 2 half-normal
  real<lower=0> tau_scale; // its scale
  int<lower=0, upper=1> likelihood; // 0 draws from the prior: y is not looked at
}
parameters {
  real mu; // location of the units' true effects
  real<lower=0> tau; // their scale
  real<lower=0> nu; // degrees of freedom: below about 10 some effects lie far out
  vector[J] u; // standardised logarithms of the weights
}
transformed parameters {
  vector[J] lambda = exp(log_weight_scale(nu) * u); // weights: those of far units are small
  vector[J] spread = tau ./ sqrt(lambda); // sd of each unit's effect given its weight
}
model {
  target += normal_lpdf(mu | mu_mean, mu_sd);
  target += between_sd_prior_lpdf(tau | tau_family, tau_scale);
  target += gamma_lpdf(nu | 2, 0.1); // Juarez & Steel (2010)
  target += student_weights_lpdf(u | nu);
  if (likelihood) {
    target += normal_lpdf(y | mu, sqrt(square(sigma) + square(spread)));
  }
}
generated quantities {
  vector[J] theta // true effect of each unit
    = unit_effects_rng(y, sigma, rep_vector(mu, J), spread, likelihood);
  vector[J] log_lik;
  array[J] real y_rep = normal_rng(theta, sigma);
  for (j in 1 : J) {
    log_lik[j] = normal_lpdf(y[j] | theta[j], sigma[j]);
  }
}
