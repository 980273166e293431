// Draws without parameters: the sampler has nothing to adapt.
data {
  int<lower=1> sides; // sides of the die
}
generated quantities {
  int roll = categorical_rng(rep_vector(1.0 / sides, sides));
  int throw_rep = 7 - roll; // replicates no data: there is no `throw`
}
