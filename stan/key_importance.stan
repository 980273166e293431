// Importance of foreign keys: normal means around 0 with partial pooling, non-centred:
//   sigma2_FK ~ inv_gamma(a0, b0),  alpha[k] ~ normal(0, sqrt(sigma2_FK)),
//   y[k, i] ~ normal(alpha[k], sqrt(sigma2_obs)),  i = 1..n[k].
// The observations enter by their means, which are sufficient as sigma2_obs is known; the
// likelihood is the density of the means. No constant is dropped from the joint density, so that
// marginal likelihoods can be computed from it.
functions {
  // Log density of each key's mean; 0 for a key without observations.
  vector mean_log_lik(vector ybar, array[] int n, vector alpha, real sigma2_obs) {
    int K = size(n);
    vector[K] log_density = zeros_vector(K);
    for (k in 1 : K) {
      if (n[k] > 0) {
        log_density[k] = normal_lpdf(ybar[k] | alpha[k], sqrt(sigma2_obs / n[k]));
      }
    }
    return log_density;
  }
}
data {
  int<lower=1> K; // foreign keys
  vector[K] ybar; // mean of each key's observations; ignored where there are none
  array[K] int<lower=0> n; // number of its observations
  real<lower=0> sigma2_obs; // variance of one observation, known
  real<lower=0> a0; // prior shape of sigma2_FK
  real<lower=0> b0; // its prior scale
}
parameters {
  real<lower=0> sigma2_FK; // variance between the keys
  vector[K] eta; // standardised importances
}
transformed parameters {
  vector[K] alpha = sqrt(sigma2_FK) * eta; // importance of each key
}
model {
  target += inv_gamma_lpdf(sigma2_FK | a0, b0);
  target += std_normal_lpdf(eta);
  target += sum(mean_log_lik(ybar, n, alpha, sigma2_obs));
}
generated quantities {
  vector[K] log_lik = mean_log_lik(ybar, n, alpha, sigma2_obs);
  vector[K] ybar_rep; // NaN where there are no observations to replicate
  for (k in 1 : K) {
    ybar_rep[k] = n[k] > 0 ? normal_rng(alpha[k], sqrt(sigma2_obs / n[k])) : not_a_number();
  }
}
