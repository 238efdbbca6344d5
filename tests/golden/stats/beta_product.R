# Beta-product limits and their mid-P form (Fay, Brittain and Proschan 2013; Fay and Brittain 2016), method of moments, on
# invented small trials. Run here: Rscript beta_product.R writes beta_product.json. Debian: r-base-core r-cran-jsonlite
# The mid-P limit is where both parts of the mixture have the same quantile, as bpcp solves it; bpcp stops at a tolerance of
# 1.2e-4 in probability (bpcpControl(midpMMTol)), which leaves its limits wrong in the fourth place. With that tolerance this
# script prints what bpcp 1.4 prints; here it goes on to 1e-14.
library(jsonlite)
RNGkind("Mersenne-Twister", "Inversion", "Rejection"); set.seed(20261129)

matched <- function(a, b) { # the beta distribution with the mean and the mean square of the product
  m <- prod(a / (a + b)); s <- prod(a * (a + 1) / ((a + b) * (a + b + 1))); n <- (m - s) / (s - m^2); c(m * n, (1 - m) * n) }
limits_at <- function(t, time, event, alpha, mid_p) {
  u <- sort(unique(time[event == 1 & time <= t])); d <- vapply(u, function(v) sum(time == v & event == 1) + 0, 0)
  a <- vapply(u, function(v) sum(time >= v) + 0, 0) - d + 1; there <- sum(time > t)
  up <- if (length(u)) matched(a, d); low <- if (there) matched(c(a, there), c(d, 1))
  if (!length(u) && !there) return(c(0, 1))
  if (!length(u)) return(c(qbeta(if (mid_p) alpha else alpha / 2, low[1], low[2]), 1))
  if (!there) return(c(0, qbeta(1 - if (mid_p) alpha else alpha / 2, up[1], up[2])))
  if (!mid_p) return(c(qbeta(alpha / 2, low[1], low[2]), qbeta(1 - alpha / 2, up[1], up[2])))
  sapply(c(alpha / 2, 1 - alpha / 2), function(p) {
    apart <- function(x) qbeta(p - x, low[1], low[2]) - qbeta(p + x, up[1], up[2])
    qbeta(p - uniroot(apart, c(-1, 1) * alpha / 2, tol = 1e-14)$root, low[1], low[2]) })
}
curve <- function(time, event, at, mid_p) { # no limit rises
  grid <- sort(unique(c(0, time, at))); l <- sapply(grid, limits_at, time, event, .05, mid_p)
  list(low = cummin(l[1, ])[match(at, grid)], high = cummin(l[2, ])[match(at, grid)]) }

cases <- lapply(1:24, function(i) {
  n <- c(3, 6, 14, 22)[i %% 4 + 1]; time <- if (i %% 2) 7 * sample(1:9, n, TRUE) else round(rexp(n, 1 / 60), 1) + .1
  event <- rbinom(n, 1, c(.15, .5, .95)[i %% 3 + 1]); at <- c(0, 7, 20, 35, 63, 200)
  list(time = time, event = event, at = at, exact = curve(time, event, at, FALSE), mid_p = curve(time, event, at, TRUE)) })
writeLines(toJSON(list(r = R.version.string, cases = cases), digits = I(17), auto_unbox = TRUE), "beta_product.json")
