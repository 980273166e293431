// A density that is 0 everywhere: there is no place to start from.
data {
  int<lower=0> N; // ignored
}
parameters {
  real mu;
}
model {
  target += negative_infinity();
}
