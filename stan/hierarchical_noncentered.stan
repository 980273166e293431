// Normal means with known standard errors and partial pooling, non-centred:
//   y[j] ~ normal(theta[j], sigma[j]),  theta[j] = mu + tau * eta[j].
// Where integrated is 1, the effects are integrated out and drawn exactly from their law given mu
// and tau: the same posterior, easier to sample where effects differ by more than their errors.
// The priors of mu and tau are data. No constant is dropped from the joint density,
// so that marginal likelihoods can be computed from it.
functions {
  #include functions/between_sd_prior.stanfunctions
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
  int<lower=0, upper=1> integrated; // 1 integrates the effects out
}
parameters {
  real mu; // mean of the units' true effects
  real<lower=0> tau; // their standard deviation
  vector[integrated ? 0 : J] eta; // standardised deviations
}
model {
  target += normal_lpdf(mu | mu_mean, mu_sd);
  target += between_sd_prior_lpdf(tau | tau_family, tau_scale);
  target += std_normal_lpdf(eta);
  if (likelihood) {
    target += integrated ? normal_lpdf(y | mu, sqrt(square(sigma) + square(tau)))
                         : normal_lpdf(y | mu + tau * eta, sigma);
  }
}
generated quantities {
  vector[J] theta; // true effect of each unit
  vector[J] log_lik;
  if (integrated) {
    theta = unit_effects_rng(y, sigma, rep_vector(mu, J), rep_vector(tau, J), likelihood);
  } else {
    theta = mu + tau * eta;
  }
  array[J] real y_rep = normal_rng(theta, sigma);
  for (j in 1 : J) {
    log_lik[j] = normal_lpdf(y[j] | theta[j], sigma[j]);
  }
}
