// What the functions of stan/functions give for one set of arguments.
functions {
  #include functions/belief_prior.stanfunctions
  #include functions/media_response.stanfunctions
  #include functions/shocked_normal.stanfunctions
}
data {
  int<lower=1> N; // values
  vector[N] value; // at which the laws are evaluated
  int<lower=1> F; // laws
  array[F] int<lower=1, upper=6> family; // of each law
  array[F] vector[3] given; // its parameters
  vector[F] log_mass; // log of its mass in [0, 1]
  vector<lower=0, upper=1>[F] weight; // in the mixture with the uniform law
  int<lower=1> T; // weeks
  int<lower=T> W; // weeks with those before
  vector[W] spend; // of each of these
  real decay; // of the adstock
  real half; // of the saturation
  real<lower=0> sd; // of the noise
  real<lower=0, upper=1> shock_probability; // of a shock
  real<lower=0> shock_sd; // of a shock
}
generated quantities {
  array[F] vector[N] log_density;
  vector[T] stock = adstock(lagged_spends(spend, T), decay);
  vector[T] effect = saturation(stock, half);
  vector[N] noise_density // of the values around one half
    = shocked_normal_log_density(value, rep_vector(0.5, N), sd, shock_probability, shock_sd);
  vector[T] response = relative_response(lagged_spends(spend, T), decay, half);
  for (f in 1 : F) {
    for (n in 1 : N) {
      log_density[f, n] = belief_prior_lpdf(value[n] | family[f], given[f], log_mass[f],
                                            weight[f]);
    }
  }
}
