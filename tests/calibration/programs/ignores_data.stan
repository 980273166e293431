// stan/hierarchical_noncentered.stan without its likelihood: the posterior is the prior.
data {
  int<lower=1> J; // units
  vector[J] y; // ignored
  vector<lower=0>[J] sigma; // ignored
  real mu_mean; // prior mean of mu
  real<lower=0> mu_sd; // prior sd of mu
  int<lower=1, upper=2> tau_family; // prior of tau: 1 half-Cauchy, 2 half-normal
  real<lower=0> tau_scale; // its scale
}
parameters {
  real mu;
  real<lower=0> tau;
  vector[J] eta;
}
transformed parameters {
  vector[J] theta = mu + tau * eta;
}
model {
  mu ~ normal(mu_mean, mu_sd);
  if (tau_family == 1) {
    tau ~ cauchy(0, tau_scale);
  } else {
    tau ~ normal(0, tau_scale);
  }
  eta ~ std_normal();
}
