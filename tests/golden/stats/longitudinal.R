# Golden numbers of single-sample and single-trajectory summaries, from invented data. Run here: Rscript longitudinal.R
# Debian: r-base-core r-cran-survival r-cran-jsonlite
suppressPackageStartupMessages({library(survival); library(splines); library(jsonlite)})
value <- log10(c(20, 20, 35, 50, 20, 80, 110, 20, 45, 150, 300, 20, 62, 240))
below <- c(1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0)
group <- rep(0:1, each = 7)
control <- survreg.control(rel.tolerance = 1e-13, maxiter = 200)
fitted <- function(X, j_max) {
  f <- survreg(Surv(value, 1 - below, type = "left") ~ X - 1, dist = "gaussian", control = control)
  f0 <- survreg(Surv(value, 1 - below, type = "left") ~ 1, dist = "gaussian", control = control)
  # Profile: the coefficient fixed as an offset, the rest maximised directly.
  profiled <- function(j, at) {
    rest <- X[, -j, drop = FALSE]; y <- value - at * X[, j]
    ll <- function(th) { s <- exp(th[length(th)]); m <- if (ncol(rest)) as.vector(rest %*% th[-length(th)]) else 0
      -sum(ifelse(below == 1, pnorm((y - m) / s, log.p = TRUE), dnorm(y, m, s, log = TRUE))) }
    if (ncol(rest) == 0) -optimize(ll, c(-8, 4), tol = 1e-12)$objective
    else -optim(c(coef(f)[-j], log(f$scale)), ll, method = "BFGS", control = list(reltol = 1e-15, maxit = 500))$value
  }
  limit <- function(j, side) {
    se <- sqrt(diag(f$var))[j]
    g <- function(at) 2 * (f$loglik[2] - profiled(j, at)) - qchisq(.95, 1)
    uniroot(g, sort(coef(f)[j] + side * c(.5, 6) * se), tol = 1e-12)$root
  }
  p <- ncol(X)
  list(coef = I(unname(coef(f))), se = unname(sqrt(diag(f$var))), loglik = c(f0$loglik[1], f$loglik[2]),
       profile_low = I(sapply(1:p, limit, side = -1)), profile_high = I(sapply(1:p, limit, side = 1)))
}
ranks <- function(n, p, a = .025) {
  k <- 1:n
  low <- sum(pbinom(k - 1, n, p) <= a); up <- k[pbinom(k - 1, n, p, lower.tail = FALSE) <= a]
  high <- if (length(up)) min(up) else n + 1
  list(ranks = c(low, if (high <= n) high else 0), quantile = unname(quantile(k, p)),
       coverage = (if (low) 1 - pbinom(low - 1, n, p) else 1) -
         (if (high <= n) pbinom(high - 1, n, p, lower.tail = FALSE) else 0))
}
cells <- expand.grid(n = c(3, 6, 14, 36), p = c(.1, .25, .5, .75))
x <- c(-1, 0, .5, 2, 3, 4.5, 6, 9.9, 10, 12)
days <- c(0, 28, 45, 60, 75, 100, 120, 150, 180, 365); counts <- c(5, 10, 9, 18, 30, 28, 51, 70, 66, 300)
line <- lm(log2(counts) ~ days, subset = days >= 28 & days <= 180)
out <- list(
  r = R.version.string, packages = sapply("survival", function(p) as.character(packageVersion(p))),
  censored = list(value = value, below = below, group = group,
                  one_mean = fitted(matrix(1, 14, 1)), two_groups = fitted(cbind(1, group))),
  ranks = setNames(Map(ranks, cells$n, cells$p), paste0(cells$n, "_", cells$p)),
  spline = list(x = x, knots = c(3, 6), boundary = c(0, 10),
                inner = as.vector(t(ns(x, knots = c(3, 6), Boundary.knots = c(0, 10)))),
                intercept = as.vector(t(ns(x, knots = c(3, 6), Boundary.knots = c(0, 10), intercept = TRUE))),
                none = as.vector(t(ns(x, Boundary.knots = c(0, 10))))),
  doubling = list(t = days, y = counts, slope = unname(coef(line)[2]), se = summary(line)$coefficients[2, 2],
                  conf = unname(confint(line)[2, ]))
)
write(toJSON(out, digits = NA, na = "null", pretty = FALSE, auto_unbox = TRUE), "longitudinal.json")
