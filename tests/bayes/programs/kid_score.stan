// Children's test scores on their mothers' schooling and IQ (posteriordb: kidiq-kidscore_momhsiq).
data {
  int<lower=1> N; // children
  vector<lower=0, upper=200>[N] kid_score; // score of the child
  vector<lower=0, upper=200>[N] mom_iq; // IQ of the mother
  vector<lower=0, upper=1>[N] mom_hs; // 1: the mother finished high school
}
parameters {
  vector[3] beta;
  real<lower=0> sigma;
}
model {
  sigma ~ cauchy(0, 2.5);
  kid_score ~ normal(beta[1] + beta[2] * mom_hs + beta[3] * mom_iq, sigma);
}
