// Normal means with known standard errors, pooled towards a line in the logarithm of an estimate's
// precision: small studies that find larger effects, small shops that differ.
//   y[j] ~ normal(theta[j], sigma[j]),  theta[j] ~ normal(location[j], tau),
//   location = mu + beta * x,  x the logarithm of 1 / sigma^2, standardised over the units.
// Given mu, beta and tau the effects are integrated out, and drawn exactly. No constant is dropped
// from the joint density.
functions {
  #include functions/between_sd_prior.stanfunctions
  #include functions/unit_effects.stanfunctions
}
data {
  int<lower=2> J; // units (schools, sites, shops)
  vector[J] y; // estimated effect of each unit
  vector<lower=0>[J] sigma; // its standard error; must not be the same for all units
  real mu_mean; // prior mean of mu
  real<lower=0> mu_sd; // prior sd of mu
  real<lower=0> beta_sd; // prior sd of the slope
  int<lower=1, upper=2> tau_family; // prior of tau: 1 half-Cauchy, 2 half-normal
  real<lower=0> tau_scale; // its scale
  int<lower=0, upper=1> likelihood; // 0 draws from the prior: y is not looked at
}
transformed data {
  vector[J] log_precision = -2 * log(sigma);
  vector[J] x = (log_precision - mean(log_precision)) / sd(log_precision);
  if (max(sigma) == min(sigma)) {
    reject("sigma must not be the same for all units, got ", sigma[1]);
  }
}
parameters {
  real mu; // mean of the units' true effects at the mean log precision
  real beta; // change of the effect with an sd of the log precision
  real<lower=0> tau; // standard deviation of the true effects around the line
}
transformed parameters {
  vector[J] location = mu + beta * x;
}
model {
  target += normal_lpdf(mu | mu_mean, mu_sd);
  target += normal_lpdf(beta | 0, beta_sd);
  target += between_sd_prior_lpdf(tau | tau_family, tau_scale);
  if (likelihood) {
    target += normal_lpdf(y | location, sqrt(square(sigma) + square(tau)));
  }
}
generated quantities {
  vector[J] theta // true effect of each unit
    = unit_effects_rng(y, sigma, location, rep_vector(tau, J), likelihood);
  vector[J] log_lik;
  array[J] real y_rep = normal_rng(theta, sigma);
  for (j in 1 : J) {
    log_lik[j] = normal_lpdf(y[j] | theta[j], sigma[j]);
  }
}
