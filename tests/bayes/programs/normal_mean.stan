// The mean of normal data with known sd and a normal prior: everything is known in closed form.
functions {
  #include functions/square_of.stanfunctions
}
data {
  int<lower=1> N; // observations
  vector[N] y; // values
  real<lower=0> sd_y; // known sd of one observation
}
parameters {
  real mu;
}
model {
  mu ~ normal(0, 10);
  y ~ normal(mu, sd_y);
}
generated quantities {
  real mu_squared = square_of(mu);
  real one = 1; // constant: nothing can be said of its convergence
  vector[N] log_lik;
  array[N] real y_rep = normal_rng(rep_vector(mu, N), sd_y);
  for (n in 1 : N) {
    log_lik[n] = normal_lpdf(y[n] | mu, sd_y);
  }
}
