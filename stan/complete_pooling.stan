// Estimates of one common effect with known standard errors: y[j] ~ normal(mu, sigma[j]).
// No constant is dropped from the joint density.
data {
  int<lower=1> J; // units (schools, sites, shops)
  vector[J] y; // estimated effect of each unit
  vector<lower=0>[J] sigma; // its standard error
  real mu_mean; // prior mean of mu
  real<lower=0> mu_sd; // prior sd of mu
  int<lower=0, upper=1> likelihood; // 0 draws from the prior: y is not looked at
}
parameters {
  real mu; // true effect of all units
}
transformed parameters {
  vector[J] theta = rep_vector(mu, J); // true effect of each unit
}
model {
  target += normal_lpdf(mu | mu_mean, mu_sd);
  if (likelihood) {
    target += normal_lpdf(y | theta, sigma);
  }
}
generated quantities {
  vector[J] log_lik;
  array[J] real y_rep = normal_rng(theta, sigma);
  for (j in 1 : J) {
    log_lik[j] = normal_lpdf(y[j] | theta[j], sigma[j]);
  }
}
