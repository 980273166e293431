// Three conjugate pairs side by side: the joint density integrates to a closed form, and its
// parameters are free, positive and on a simplex.
data {
  int<lower=1> N; // observations of each pair
  vector[N] y; // normal with sd 1 about mu
  vector<lower=0>[N] t; // exponential waiting times
  array[3] int<lower=0> counts; // multinomial
}
parameters {
  real mu;
  real<lower=0> rate;
  simplex[3] share;
}
model {
  target += normal_lpdf(mu | 0, 2);
  target += normal_lpdf(y | mu, 1);
  target += gamma_lpdf(rate | 2, 3);
  target += exponential_lpdf(t | rate);
  target += dirichlet_lpdf(share | [1.5, 1, 2]');
  target += multinomial_lpmf(counts | share);
}
