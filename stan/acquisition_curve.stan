// Learning curve of a value range: mean epistemic uncertainty of the evaluation rows by the number n
// of training rows in the range, U(n) = floor + A / (n + lambda), relative to the N rows there are:
//   U(n) / U(N) = 1 - phi + phi (N + lambda) / (n + lambda),  phi = A / (N + lambda) / U(N) <= 1.
// Members were fitted anew to n[1] < ... < n[F] < N of the range's rows, the first of one random
// order of them; the J sub-ensembles have D orders, J / D sub-ensembles each. Cells, in per cent of
// change, of sub-ensemble j, whose order is d, and row block v are vectors over the F fits:
//   y[j, v] = g + s[d] + a[j] + r[v] + e[j, v],  g[f] = 100 phi (N - n[f]) / (n[f] + lambda),
// independent normals around 0. s is what the rows of an order do; the subsets are nested, so its
// path is a Brownian motion in 1 / n that starts at 1 / N: its covariance at n and n' is
// sigma_s^2 (N / max(n, n') - 1). a, r and e have sds and correlations of their own.
//
// The design is balanced, so s, a, r and e are integrated out by the mean and by matrices of sums of
// squares and products, each taken as so many normal contrasts: it may have fewer degrees of freedom
// than rows. Given all others phi is normal, cut at 1, so it is integrated out too, and drawn exactly.
// No constant is dropped: the target is the joint density of cells and parameters.
functions {
  // Mean change where n of the N rows are kept, in per cent, for phi = 1.
  vector curve(real lambda, vector n, int N) {
    return 100 * (N - n) ./ (n + lambda);
  }

  // Mean and sd of phi given all others, but for the cut, where it is normal before the data.
  vector phi_given_rest(vector y_mean, vector unit, matrix cov_mean, real phi_mean, real phi_sd) {
    vector[size(unit)] weight = mdivide_left_spd(cov_mean, unit);
    real precision = inv_square(phi_sd) + dot_product(unit, weight);
    real mean = (phi_mean * inv_square(phi_sd) + dot_product(y_mean, weight)) / precision;
    return [mean, inv_sqrt(precision)]';
  }

  // Log density of the mean of the cells with phi <= 1 integrated out.
  real mean_log_lik(vector y_mean, vector unit, matrix cov_mean, real phi_mean, real phi_sd) {
    vector[2] given = phi_given_rest(y_mean, unit, cov_mean, phi_mean, phi_sd);
    return multi_normal_lpdf(y_mean | zeros_vector(size(unit)), cov_mean) + log(given[2] / phi_sd)
           + 0.5 * (square(given[1] / given[2]) - square(phi_mean / phi_sd))
           + normal_lcdf(1 | given[1], given[2]) - normal_lcdf(1 | phi_mean, phi_sd);
  }

  matrix covariance(vector sigma, matrix L) {
    return multiply_lower_tri_self_transpose(diag_pre_multiply(sigma, L));
  }

  // Correlations below the diagonal, row by row.
  vector lower_triangle(matrix L) {
    int F = rows(L);
    matrix[F, F] corr = multiply_lower_tri_self_transpose(L);
    vector[F * (F - 1) %/% 2] below;
    int k = 0;
    for (f in 2 : F) {
      for (h in 1 : f - 1) {
        k += 1;
        below[k] = corr[f, h];
      }
    }
    return below;
  }

  // Log density of `freedom` independent normal vectors with the sums of squares and products ss.
  real contrasts_log_lik(matrix ss, int freedom, matrix cov) {
    return -0.5
           * (freedom * (rows(ss) * log(2 * pi()) + log_determinant_spd(cov))
              + trace(mdivide_left_spd(cov, ss)));
  }

  // Covariance of the mean of the cells.
  matrix mean_covariance(matrix cov_s, matrix cov_a, matrix cov_r, matrix cov_e, int J, int V,
                         int D) {
    return cov_s / D + cov_a / J + cov_r / V + cov_e / (J * V);
  }

  // Log densities of the contrasts between orders, sub-ensembles and row blocks, and of the rest.
  vector contrasts_log_liks(matrix ss_s, matrix ss_a, matrix ss_r, matrix ss_e, matrix cov_s,
                            matrix cov_a, matrix cov_r, matrix cov_e, int J, int V, int D) {
    matrix[rows(cov_a), rows(cov_a)] within = V * cov_a + cov_e;
    // One by one: an exception within a row vector expression would abort Stan 2.35.
    vector[4] log_lik;
    log_lik[1] = contrasts_log_lik(ss_s, D - 1, (J * V * 1.0 / D) * cov_s + within);
    log_lik[2] = contrasts_log_lik(ss_a, J - D, within);
    log_lik[3] = contrasts_log_lik(ss_r, V - 1, J * cov_r + cov_e);
    log_lik[4] = contrasts_log_lik(ss_e, (J - 1) * (V - 1), cov_e);
    return log_lik;
  }
}
data {
  int<lower=1> F; // fits to fewer rows
  int<lower=2> N; // training rows in the range
  array[F] int<lower=1, upper=N - 1> n; // rows of it that each fit kept, increasing
  int<lower=2> J; // sub-ensembles
  int<lower=2> V; // row blocks
  int<lower=2, upper=J> D; // random orders of the range's rows, a divisor of J
  vector[F] y_mean; // mean of the cells, in per cent
  matrix[F, F] ss_s; // sums of squares and products between orders
  matrix[F, F] ss_a; // between the sub-ensembles of an order
  matrix[F, F] ss_r; // between row blocks
  matrix[F, F] ss_e; // the rest; must have full rank
  real<lower=0> scale; // overall sd of the cells around 0, in per cent: the unit of the sds
}
transformed data {
  real phi_mean = 0.3; // of phi's prior, a normal cut at 1
  real phi_sd = 0.5;
  real log_volume = 0.5 * F * log(J * V); // change of variables from the mean to the cells
  vector[F] kept = to_vector(n);
  matrix[F, F] path; // covariance of a Brownian motion at N / n - 1
  for (f in 1 : F) {
    for (h in 1 : F) {
      path[f, h] = N * 1.0 / max(n[f], n[h]) - 1;
    }
  }
  if (J % D > 0) {
    reject("D must divide J = ", J, ", got ", D);
  }
}
parameters {
  real log_ratio; // log lambda / N
  real<lower=0> scaled_s; // sds over scale
  vector<lower=0>[F] scaled_a;
  vector<lower=0>[F] scaled_r;
  vector<lower=0>[F] scaled_e;
  cholesky_factor_corr[F] L_a; // correlations between the fits
  cholesky_factor_corr[F] L_r;
  cholesky_factor_corr[F] L_e;
}
transformed parameters {
  real lambda = N * exp(log_ratio); // in rows
  real sigma_s = scale * scaled_s; // sd of what it does which half of the rows is kept, in per cent
  vector[F] sigma_a = scale * scaled_a; // sds between sub-ensembles, in per cent
  vector[F] sigma_r = scale * scaled_r; // between row blocks
  vector[F] sigma_e = scale * scaled_e; // of the rest
}
model {
  matrix[F, F] cov_s = square(sigma_s) * path;
  matrix[F, F] cov_a = covariance(sigma_a, L_a);
  matrix[F, F] cov_r = covariance(sigma_r, L_r);
  matrix[F, F] cov_e = covariance(sigma_e, L_e);
  target += normal_lpdf(log_ratio | -0.5, 1.75); // 95 % of lambda from N / 51 to 19 N
  target += std_normal_lpdf(scaled_s) + log2();
  target += std_normal_lpdf(scaled_a) + F * log2();
  target += std_normal_lpdf(scaled_r) + F * log2();
  target += std_normal_lpdf(scaled_e) + F * log2();
  target += lkj_corr_cholesky_lpdf(L_a | 2);
  target += lkj_corr_cholesky_lpdf(L_r | 2);
  target += lkj_corr_cholesky_lpdf(L_e | 2);
  target += mean_log_lik(y_mean, curve(lambda, kept, N),
                         mean_covariance(cov_s, cov_a, cov_r, cov_e, J, V, D), phi_mean, phi_sd)
            - log_volume;
  target += sum(contrasts_log_liks(ss_s, ss_a, ss_r, ss_e, cov_s, cov_a, cov_r, cov_e, J, V, D));
}
generated quantities {
  real phi; // part of U(N) that goes with ever more rows; below 0 where it grows
  real deviation = std_normal_rng(); // of further rows, in sds of what they do beside the curve
  vector[F * (F - 1) %/% 2] corr_a = lower_triangle(L_a); // row by row
  vector[F * (F - 1) %/% 2] corr_r = lower_triangle(L_r);
  vector[F * (F - 1) %/% 2] corr_e = lower_triangle(L_e);
  vector[5] log_lik; // of the mean of the cells, and of their contrasts, given phi
  {
    matrix[F, F] cov_s = square(sigma_s) * path;
    matrix[F, F] cov_a = covariance(sigma_a, L_a);
    matrix[F, F] cov_r = covariance(sigma_r, L_r);
    matrix[F, F] cov_e = covariance(sigma_e, L_e);
    matrix[F, F] cov_mean = mean_covariance(cov_s, cov_a, cov_r, cov_e, J, V, D);
    vector[F] unit = curve(lambda, kept, N);
    vector[2] given = phi_given_rest(y_mean, unit, cov_mean, phi_mean, phi_sd);
    real log_below = normal_lcdf(1 | given[1], given[2]);
    phi = given[1] + given[2] * std_normal_log_qf(log_below + log(uniform_rng(0, 1)));
    log_lik[1] = multi_normal_lpdf(y_mean | phi * unit, cov_mean) - log_volume;
    log_lik[2 : 5]
      = contrasts_log_liks(ss_s, ss_a, ss_r, ss_e, cov_s, cov_a, cov_r, cov_e, J, V, D);
  }
}
