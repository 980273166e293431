// Effects of actions on uncertainty, pooled over table > column > value range.
//
// Pooling: table effect ~ normal(0, sigma[1]), as is that of a column's action that is no part of its
// table's; column ~ normal(its fraction * its table's, sigma[2]); value range ~ normal(its fraction of
// the rows * its column's, sigma[3]). At a level with heavy tails it is student_t(nu, ..., sigma):
// normal, with the variance over a weight ~ gamma(nu / 2, nu / 2).
// Cells of action k, sub-ensemble j, row block v:
//   y[k, j, v] = mean_effect[k] + a[k, j] + r[k, v] + s[k, d] + e[k, j, v],
// independent normals with the action's own sds sigma_a[k], sigma_r[k], sigma_s[k], sigma_e[k]; d is
// the draw of the mended values that cell (j, v) sees, in a Latin square, or, where members are
// fitted anew, that of sub-ensemble j: sub-ensembles are then nested in draws. s is there only for
// actions that draw. The real repair is one more draw: effect[k] ~ normal(mean_effect[k], sigma_s[k]).
// The logarithms of sigma_e, and of the other sds over sigma_e, are pooled over a level's actions.
//
// The design is balanced, so a, r and s are integrated out by the mean and the sums of squares.
// Given sds and weights the mean effects are jointly normal on a tree, so they are integrated out too, by
// messages from the leaves to the roots, and drawn exactly from the roots to the leaves. No constant
// is dropped: the target is the joint density of cells and parameters.
functions {
  #include functions/student_weights.stanfunctions

  // Variance of the mean of a J x V design with D draws.
  vector mean_variance(vector sigma_a, vector sigma_r, vector sigma_s, vector sigma_e, int J, int V,
                       int D) {
    return square(sigma_a) / J + square(sigma_r) / V + square(sigma_s) / D
           + square(sigma_e) / (J * V);
  }

  // Log density of each action's cells less that of their mean: of the JV - 1 contrasts, and the
  // change of variables from the mean to the cells. Where nothing is drawn, sigma_s and ss_s are 0.
  vector contrasts_log_lik(vector ss_a, vector ss_r, vector ss_s, vector ss_e, vector sigma_a,
                           vector sigma_r, vector sigma_s, vector sigma_e, int J, int V, int D,
                           int nested) {
    vector[size(ss_e)] var_e = square(sigma_e);
    vector[size(ss_e)] var_a = V * square(sigma_a) + var_e;
    vector[size(ss_e)] var_r = J * square(sigma_r) + var_e;
    vector[size(ss_e)] var_s = (J * V * 1.0 / D) * square(sigma_s) + (nested ? var_a : var_e);
    int freedom_a = nested ? J - D : J - 1;
    int freedom_e = (J - 1) * (V - 1) - (nested ? 0 : D - 1);
    return -0.5
           * ((J * V - 1) * log(2 * pi()) + log(J * V) + ss_a ./ var_a + ss_r ./ var_r
              + ss_s ./ var_s + ss_e ./ var_e + freedom_a * log(var_a) + (V - 1) * log(var_r)
              + (D - 1) * log(var_s) + freedom_e * log(var_e));
  }

  // Log density of each action's cells given its mean effect, with a, r and s integrated out.
  vector cells_log_lik(vector y_mean, vector ss_a, vector ss_r, vector ss_s, vector ss_e,
                       vector effect, vector sigma_a, vector sigma_r, vector sigma_s,
                       vector sigma_e, int J, int V, int D, int nested) {
    vector[size(y_mean)] variance = mean_variance(sigma_a, sigma_r, sigma_s, sigma_e, J, V, D);
    return contrasts_log_lik(ss_a, ss_r, ss_s, ss_e, sigma_a, sigma_r, sigma_s, sigma_e, J, V, D,
                             nested)
           - 0.5 * (log(2 * pi() * variance) + square(y_mean - effect) ./ variance);
  }

  // Variance of each node's effect around its part of its parent's.
  vector pooling_variances(vector sigma, array[] int pooled_by, array[] int weighted,
                           vector weight) {
    vector[size(pooled_by)] variance = square(sigma[pooled_by]);
    variance[weighted] = variance[weighted] ./ weight;
    return variance;
  }

  // Precision and precision times mean of each node's effect, by the data at and below it.
  matrix messages(vector y_mean, vector variance, array[] int node, array[] int parent,
                  vector fraction, vector pooling_variance) {
    int N = size(parent);
    vector[N] precision = zeros_vector(N);
    vector[N] information = zeros_vector(N);
    precision[node] = inv(variance);
    information[node] = y_mean ./ variance;
    for (i in 1 : N) {
      int n = N + 1 - i; // children come before their parents
      if (parent[n] > 0) {
        real weight = fraction[n] / (1 + precision[n] * pooling_variance[n]);
        precision[parent[n]] += fraction[n] * weight * precision[n];
        information[parent[n]] += weight * information[n];
      }
    }
    return append_col(precision, information);
  }

  // Log density of the means with all effects integrated out.
  real means_log_lik(vector y_mean, vector variance, matrix message, vector pooling_variance) {
    vector[rows(message)] gain = 1 + message[ : , 1] .* pooling_variance;
    return normal_lpdf(y_mean | 0, sqrt(variance))
           + 0.5 * sum(square(message[ : , 2]) .* pooling_variance ./ gain - log(gain));
  }

  // A draw of all effects given the data and the sds.
  vector effects_rng(matrix message, array[] int parent, vector fraction,
                     vector pooling_variance) {
    int N = size(parent);
    vector[N] effect;
    for (n in 1 : N) {
      real gain = 1 + message[n, 1] * pooling_variance[n];
      real prior_mean = parent[n] > 0 ? fraction[n] * effect[parent[n]] : 0;
      effect[n] = normal_rng((prior_mean + message[n, 2] * pooling_variance[n]) / gain,
                             sqrt(pooling_variance[n] / gain));
    }
    return effect;
  }
}
data {
  int<lower=1> K; // actions
  int<lower=2> J; // sub-ensembles
  int<lower=2> V; // row blocks
  int<lower=1> D; // draws of the mended values, a divisor of J (and V); 1 where no action draws
  int<lower=0, upper=1> nested; // 1 where sub-ensembles are nested in draws
  vector[K] y_mean; // mean of each action's cells, in per cent
  vector<lower=0>[K] ss_a; // sum of squares between sub-ensembles (within draws where nested)
  vector<lower=0>[K] ss_r; // sum of squares between row blocks
  vector<lower=0>[K] ss_s; // sum of squares between draws; 0 for actions that draw nothing
  vector<lower=0>[K] ss_e; // the rest; must be above 0
  vector<lower=0, upper=1>[K] drawn; // 1 for actions that draw, else 0
  real<lower=0> scale; // overall sd of the effects around 0, in per cent: the unit of the priors
  array[K] int<lower=1, upper=3> level; // of each action: 1 table, 2 column, 3 value range
  int<lower=1> T; // tables
  int<lower=T> N; // nodes of the tree: first the tables, then other actions, children after parents
  array[K] int<lower=1, upper=N> node; // of each action; a table without an action is latent
  array[N] int<lower=0, upper=N> parent; // of each node; 0 for a root: a table, or what is no part
  vector<lower=0, upper=1>[N] fraction; // of the parent's effect that is a node's prior mean
  array[N] int<lower=1, upper=3> pooled_by; // which sigma ties a node to its parent, a root to 0
  array[3] int<lower=0, upper=1> heavy_tails; // of each sigma: 1 where it is that of a Student-t
}
transformed data {
  // Not in the declaration that uses it, where Stan 2.35 reads an expression after it is freed
  // (stan-dev/stan#3330).
  vector[K] freedom = (J - 1) * (V - 1) - (nested ? 0 : D - 1) * drawn;
  vector[K] log_sigma_e_start = 0.5 * log(ss_e ./ freedom);
  vector[K] log_sigma_e_error = inv_sqrt(2 * freedom);
  vector[3] sigma_unit = scale * [2.5, 2, 1.5]';
  int H = sum(heavy_tails[pooled_by]); // nodes with a weight
  array[H] int weighted; // which
  {
    int h = 0;
    for (n in 1 : N) {
      if (parent[n] >= n) {
        reject("parent[", n, "] must come before its child, got ", parent[n]);
      }
      if (heavy_tails[pooled_by[n]]) {
        h += 1;
        weighted[h] = n;
      }
    }
  }
}
parameters {
  vector<lower=0>[3] sigma_scaled; // sigma in its prior's unit
  vector<lower=0>[H > 0] nu; // degrees of freedom of the heavy tails
  vector[H] u; // standardised logarithms of the weights
  // By level, of log sigma_a / sigma_e, sigma_r / sigma_e, sigma_s / sigma_e, sigma_e / scale.
  matrix[3, 4] location;
  matrix<lower=0>[3, 4] spread; // sd of these logarithms between the actions of a level
  vector[K] eta_a; // standardised log sigma_a / sigma_e
  vector[K] eta_r; // standardised log sigma_r / sigma_e
  vector[K] eta_s; // standardised log sigma_s / sigma_e; its prior's where nothing is drawn
  // Centred, as the data tell it well; offset and multiplier help warm-up alone.
  vector<offset=log_sigma_e_start, multiplier=log_sigma_e_error>[K] log_sigma_e;
}
transformed parameters {
  vector[3] sigma = sigma_scaled .* sigma_unit; // of tables, columns, value ranges, in per cent
  vector[H] weight; // small where an effect lies far from what it is pooled towards
  if (H > 0) {
    weight = exp(log_weight_scale(nu[1]) * u);
  }
  vector[K] sigma_e = exp(log_sigma_e);
  vector[K] sigma_a = sigma_e .* exp(location[level, 1] + spread[level, 1] .* eta_a);
  vector[K] sigma_r = sigma_e .* exp(location[level, 2] + spread[level, 2] .* eta_r);
  vector[K] sigma_s
    = drawn .* sigma_e .* exp(location[level, 3] + spread[level, 3] .* eta_s);
}
model {
  vector[K] variance = mean_variance(sigma_a, sigma_r, sigma_s, sigma_e, J, V, D);
  vector[N] pooling_variance = pooling_variances(sigma, pooled_by, weighted, weight);
  matrix[N, 2] message = messages(y_mean, variance, node, parent, fraction, pooling_variance);
  // Away from 0 (Chung et al. 2013): three or four tables would else be pooled to nothing. There are
  // more columns and value ranges: they can tell that they are alike.
  target += lognormal_lpdf(sigma_scaled | 0, [0.5, 0.75, 0.75]);
  if (H > 0) {
    target += gamma_lpdf(nu | 2, 0.1); // Juarez & Steel (2010)
    target += student_weights_lpdf(u | nu[1]);
  }
  target += std_normal_lpdf(to_vector(location[ : , 1 : 2]));
  // Blocks that draw by themselves: 1 / sqrt(V). Members fitted anew to another draw of some cells
  // differ by far less than by their bags.
  target += normal_lpdf(location[ : , 3] | nested ? -2.5 : -1, 1);
  target += normal_lpdf(location[ : , 4] | -1, 2);
  target += std_normal_lpdf(to_vector(spread[ : , 1 : 3])) + 9 * log2();
  target += lognormal_lpdf(spread[ : , 4] | 0, 0.5); // away from 0: sds differ by far
  target += std_normal_lpdf(eta_a);
  target += std_normal_lpdf(eta_r);
  target += std_normal_lpdf(eta_s);
  target += normal_lpdf(log_sigma_e | log(scale) + location[level, 4], spread[level, 4]);
  target += means_log_lik(y_mean, variance, message, pooling_variance);
  target += sum(contrasts_log_lik(ss_a, ss_r, ss_s, ss_e, sigma_a, sigma_r, sigma_s, sigma_e, J, V,
                                  D, nested));
}
generated quantities {
  vector[K] mean_effect; // of each action over all draws that could be made, in per cent
  vector[K] effect; // of each action if it is really done: one draw
  vector[T] table_effect; // the action's mean effect where a table has one
  vector[K] log_lik; // of each action's cells given its effect
  {
    vector[K] variance = mean_variance(sigma_a, sigma_r, sigma_s, sigma_e, J, V, D);
    vector[N] pooling_variance = pooling_variances(sigma, pooled_by, weighted, weight);
    matrix[N, 2] message = messages(y_mean, variance, node, parent, fraction, pooling_variance);
    vector[N] node_effect = effects_rng(message, parent, fraction, pooling_variance);
    mean_effect = node_effect[node];
    effect = mean_effect + sigma_s .* to_vector(normal_rng(zeros_vector(K), 1));
    table_effect = node_effect[1 : T];
  }
  log_lik = cells_log_lik(y_mean, ss_a, ss_r, ss_s, ss_e, mean_effect, sigma_a, sigma_r, sigma_s,
                          sigma_e, J, V, D, nested);
}
