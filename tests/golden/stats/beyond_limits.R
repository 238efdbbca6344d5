# Values below one limit and above another in R: survreg (interval2), and a mixed model with a random intercept whose
# likelihood is summed over a fine grid for each participant and maximised by optim and nlm, without any package.
# Rscript tests/golden/stats/beyond_limits.R > tests/golden/stats/beyond_limits.json
suppressMessages({library(survival); library(jsonlite)})
set.seed(20261129)

n <- 18
value <- round(log10(round(exp(rnorm(n, 5.6, 1.4)))), 6)
group <- rep(0:1, each = n / 2)
value <- value + 0.3 * group
low <- log10(60); high <- log10(900)
below <- as.integer(value < low); above <- as.integer(value > high)
value <- pmin(pmax(value, low), high)
one <- function(formula) {
  fit <- survreg(formula, dist = "gaussian", control = survreg.control(rel.tolerance = 1e-13, maxiter = 200))
  list(coef = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))), sd = fit$scale, loglik = fit$loglik)
}
y <- Surv(ifelse(below == 1, NA, value), ifelse(above == 1, NA, value), type = "interval2")

m <- 12
d <- do.call(rbind, lapply(1:m, function(i) {
  t <- sort(runif(sample(4:7, 1), 0, 3))
  data.frame(who = i, t = t, g = i %% 2, y = 1.4 + 0.6 * t + 0.4 * (i %% 2) + rnorm(1, 0, 0.5) + rnorm(length(t), 0, 0.3))
}))
d$below <- as.integer(d$y < 1.5); d$above <- as.integer(d$y > 3.1)
d$y <- pmin(pmax(d$y, 1.5), 3.1)
x <- cbind(1, d$t, d$g)
negative <- function(par) {
  beta <- par[1:3]; s <- exp(par[4]); tau <- exp(par[5])
  b <- seq(-9 * tau, 9 * tau, length.out = 3001) # a sum over so fine a grid is exact for a smooth function that vanishes
  -sum(sapply(split(seq_len(nrow(d)), d$who), function(k) {
    left <- d$y[k] - x[k, , drop = FALSE] %*% beta
    terms <- dnorm(b, 0, tau, log = TRUE)
    for (j in seq_along(k)) {
      e <- (left[j] - b) / s
      terms <- terms + (if (d$below[k[j]]) pnorm(e, log.p = TRUE)
        else if (d$above[k[j]]) pnorm(e, lower.tail = FALSE, log.p = TRUE) else dnorm(e, log = TRUE) - log(s))
    }
    max(terms) + log(sum(exp(terms - max(terms)))) + log(b[2] - b[1])
  }))
}
start <- c(1.4, 0.6, 0.4, log(0.3), log(0.5))
fit <- optim(start, negative, method = "BFGS", control = list(reltol = 1e-14, maxit = 500, ndeps = rep(1e-5, 5)))
fit <- nlm(negative, fit$par, gradtol = 1e-9, steptol = 1e-10, iterlim = 200, typsize = fit$par, fscale = fit$value)
# Fourth-order differences for the observed information.
h <- 1e-3
second <- function(i, j) {
  at <- function(a, b) { p <- fit$estimate; p[i] <- p[i] + a * h; p[j] <- p[j] + b * h; negative(p) }
  if (i == j) (-at(2, 0) + 16 * at(1, 0) - 30 * fit$minimum + 16 * at(-1, 0) - at(-2, 0)) / (12 * h^2)
  else (8 * (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) * 8 - 8 * (at(1, 2) + at(2, 1) + at(-1, -2) + at(-2, -1)
    - at(1, -2) - at(-2, 1) - at(-1, 2) - at(2, -1)) + at(2, 2) + at(-2, -2) - at(2, -2) - at(-2, 2)) / (144 * h^2)
}
information <- outer(1:5, 1:5, Vectorize(second))
se <- sqrt(diag(solve(information)))

cat(toJSON(list(
  r = R.version.string,
  normal = list(value = value, below = below, above = above, group = group, one_mean = one(y ~ 1), two_groups = one(y ~ group)),
  mixed = c(as.list(d), list(beta = fit$estimate[1:3], se = se[1:3], sigma = exp(fit$estimate[4]), tau = exp(fit$estimate[5]), loglik = -fit$minimum))
), digits = NA, auto_unbox = TRUE), "\n")
