// The model of stan/intervention_effects.stan with nothing integrated out: effects and random
// effects are sampled. Every node is an action here.
data {
  int<lower=1> K; // actions
  int<lower=2> J; // sub-ensembles
  int<lower=2> V; // row blocks
  int<lower=1> D; // draws
  int<lower=0, upper=1> nested; // 1 where sub-ensembles are nested in draws
  array[J, V] int<lower=1, upper=D> draw; // that a cell sees
  vector<lower=0, upper=1>[K] drawn; // whether an action draws
  array[K] matrix[J, V] y; // cells in per cent
  real<lower=0> scale; // unit of the priors, in per cent
  array[K] int<lower=1, upper=3> level; // of each action
  array[K] int<lower=0, upper=K> parent; // of each action; 0 for a root
  vector<lower=0, upper=1>[K] fraction; // of the parent's effect
  array[K] int<lower=1, upper=3> pooled_by; // which sigma ties an action to its parent
}
parameters {
  vector<lower=0>[3] sigma_scaled;
  matrix[3, 4] location;
  matrix<lower=0>[3, 4] spread;
  vector[K] eta_a;
  vector[K] eta_r;
  vector[K] eta_s;
  vector[K] log_sigma_e;
  vector[K] deviation; // of the effect from its parent's, standardised
  matrix[K, J] a; // standardised
  matrix[K, V] r; // standardised
  matrix[K, D] s; // standardised
}
transformed parameters {
  vector[3] sigma = scale * sigma_scaled .* [2.5, 2, 1.5]';
  vector[K] sigma_e = exp(log_sigma_e);
  vector[K] sigma_a = sigma_e .* exp(location[level, 1] + spread[level, 1] .* eta_a);
  vector[K] sigma_r = sigma_e .* exp(location[level, 2] + spread[level, 2] .* eta_r);
  vector[K] sigma_s = drawn .* sigma_e .* exp(location[level, 3] + spread[level, 3] .* eta_s);
  vector[K] mean_effect;
  for (k in 1 : K) {
    mean_effect[k] = (parent[k] > 0 ? fraction[k] * mean_effect[parent[k]] : 0)
                     + sigma[pooled_by[k]] * deviation[k];
  }
}
model {
  sigma_scaled ~ lognormal(0, [0.5, 0.75, 0.75]);
  to_vector(location[ : , 1 : 2]) ~ std_normal();
  location[ : , 3] ~ normal(nested ? -2.5 : -1, 1);
  location[ : , 4] ~ normal(-1, 2);
  to_vector(spread[ : , 1 : 3]) ~ std_normal();
  spread[ : , 4] ~ lognormal(0, 0.5);
  eta_a ~ std_normal();
  eta_r ~ std_normal();
  eta_s ~ std_normal();
  log_sigma_e ~ normal(log(scale) + location[level, 4], spread[level, 4]);
  deviation ~ std_normal();
  to_vector(a) ~ std_normal();
  to_vector(r) ~ std_normal();
  to_vector(s) ~ std_normal();
  for (k in 1 : K) {
    for (j in 1 : J) {
      y[k, j] ~ normal(mean_effect[k] + sigma_a[k] * a[k, j] + sigma_r[k] * r[k]
                       + sigma_s[k] * s[k, draw[j]], sigma_e[k]);
    }
  }
}
