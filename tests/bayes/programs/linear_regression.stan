// Linear regression without intercept (posteriordb: sblri-blr).
data {
  int<lower=1> N; // rows
  int<lower=1> D; // predictors
  matrix[N, D] X; // predictors
  vector[N] y; // outcome
}
parameters {
  vector[D] beta;
  real<lower=0> sigma;
}
model {
  beta ~ normal(0, 10);
  sigma ~ normal(0, 10);
  y ~ normal(X * beta, sigma);
}
