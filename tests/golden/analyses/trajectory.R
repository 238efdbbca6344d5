# Mixed models of counts over time on invented samples (made by the arithmetic below, kept in trajectory.csv): means of
# two groups and their ratio on three days. Values below the limit by direct maximum likelihood (Gauss-Hermite product
# rule centred at each mode, optim, Hessian by numDeriv); limit / 2 in their place by lmer, Kenward-Roger and Satterthwaite.
# Run here: Rscript trajectory.R
# Debian: r-base-core r-cran-lme4 r-cran-lmertest r-cran-pbkrtest r-cran-statmod r-cran-numderiv r-cran-jsonlite
suppressPackageStartupMessages({library(lme4); library(lmerTest); library(pbkrtest); library(statmod); library(splines); library(jsonlite)})
set.seed(20261128)
m <- 20; visits <- c(14, 28, 42, 60, 100, 180, 270, 365)
d <- expand.grid(visit = seq_along(visits), id = 1:m); d$day <- visits[d$visit] + (d$id * 5 + d$visit * 3) %% 7 - 3
d$group <- ifelse(d$id %% 5 < 2, "B", "A"); d$relapse <- ifelse(d$id %in% c(4, 11), 120, NA)
b <- matrix(rnorm(2 * m), m) %*% chol(matrix(c(.14, -.006, -.006, .0009), 2))
t <- sqrt(d$day)
d$count <- 10^(-.1 + .25 * (d$group == "B") + .27 * t - .0065 * t^2 + b[d$id, 1] + b[d$id, 2] * t + rnorm(nrow(d), sd = .17))
d <- d[(d$id * 7 + d$visit * 11) %% 6 != 0, ]                      # a sixth of the visits is missed
limit <- 8
d$result <- ifelse(d$count < limit, paste0("<", limit), format(signif(d$count, 3), scientific = FALSE, trim = TRUE))
write.csv(d[, c("id", "group", "day", "result", "relapse")], "trajectory.csv", row.names = FALSE, quote = FALSE, na = "")

d <- read.csv("trajectory.csv")
d <- d[is.na(d$relapse) | d$day < d$relapse, ]                      # no sample from the day of relapse on
d$below <- as.integer(startsWith(d$result, "<")); d$number <- as.numeric(sub("<", "", d$result))
d$value <- log10(d$number); d$t <- sqrt(d$day); d$g <- as.integer(d$group == "B")
N <- function(x) ns(x, knots = sqrt(c(30, 90)), Boundary.knots = sqrt(c(14, 365)))
days <- c(30, 100, 365)
S <- cbind(1, N(sqrt(days))); O <- 0 * S
L <- rbind(cbind(S, O), cbind(S, S), cbind(O, S))                   # A, B, B over A
X <- cbind(1, N(d$t)); X <- cbind(X, X * d$g); p <- ncol(X)
participants <- length(unique(d$id[d$below == 0]))

censored <- function(slope, nodes) {
  q <- if (slope) 2 else 1
  g <- gauss.quad(nodes, "hermite"); grid <- as.matrix(expand.grid(rep(list(seq_len(nodes)), q)))
  pts <- matrix(g$nodes[grid], ncol = q); lw <- rowSums(matrix(log(g$weights)[grid], ncol = q)) + rowSums(pts^2)
  rows <- split(seq_len(nrow(d)), d$id); Zall <- if (slope) cbind(1, (d$t - 9) / 5) else matrix(1, nrow(d), 1)
  ll <- function(th) {
    if (!all(is.finite(th)) || any(abs(th[-(1:p)]) > 5)) return(-1e10)
    s <- exp(th[p + 1]); C <- if (slope) matrix(c(exp(th[p + 2]), th[p + 3], 0, exp(th[p + 4])), 2) else matrix(exp(th[p + 2]))
    r <- d$value - as.vector(X %*% th[1:p])
    sum(sapply(rows, function(i) {
      Z <- Zall[i, , drop = FALSE] %*% C; c1 <- d$below[i] == 1
      h <- function(at) { e <- (r[i] - Z %*% t(at)) / s
        f <- e; f[c1, ] <- pnorm(e[c1, ], log.p = TRUE); f[!c1, ] <- dnorm(e[!c1, ], log = TRUE) - log(s)
        colSums(f) + rowSums(dnorm(at, log = TRUE)) }
      u <- rep(0, q)
      for (it in 1:100) { e <- (r[i] - as.vector(Z %*% u)) / s; lam <- exp(dnorm(e, log = TRUE) - pnorm(e, log.p = TRUE))
        gr <- colSums(Z * ifelse(c1, -lam, e)) / s - u
        H <- crossprod(Z * ifelse(c1, lam * (lam + e), 1), Z) / s^2 + diag(q)
        du <- solve(H, gr, tol = 1e-30); u <- u + du; if (max(abs(du)) < 1e-11) break }
      K <- t(chol(solve(H))); at <- t(u + sqrt(2) * K %*% t(pts)); lv <- h(at) + lw; mx <- max(lv)
      log(sqrt(2)^q * prod(diag(K))) + mx + log(sum(exp(lv - mx))) }))
  }
  f0 <- lm(d$value ~ X - 1); st <- unname(c(coef(f0), log(.2), if (slope) c(log(.3), 0, log(.15)) else log(.3)))
  o <- list(par = st)
  for (k in 1:3) o <- optim(o$par, function(th) -ll(th), method = "BFGS", control = list(reltol = 1e-15, maxit = 500))
  V <- solve(numDeriv::hessian(function(th) -ll(th), o$par))[1:p, 1:p]
  # Between-within: participants with a measured value less the two columns that are constant within them; the standard
  # error of maximum likelihood is widened by the root of participants over degrees of freedom.
  df <- participants - 2; se <- sqrt(diag(L %*% V %*% t(L))) * sqrt(participants / df); est <- as.vector(L %*% o$par[1:p])
  list(estimate = est, std_error = se, df = df, low = est - qt(.975, df) * se, high = est + qt(.975, df) * se,
       residual_sd = exp(o$par[p + 1]), loglik = -o$value)
}
imputed <- function(slope, share) {
  d$y <- ifelse(d$below == 1, log10(share * d$number), d$value)
  tight <- lmerControl(optimizer = "nloptwrap", optCtrl = list(xtol_rel = 1e-13, ftol_abs = 1e-14, xtol_abs = 1e-13, maxeval = 5000),
                       check.conv.singular = "ignore", calc.derivs = TRUE)
  f <- lmerTest::lmer(as.formula(paste("y ~ N(t) * g +", if (slope) "(1 + t | id)" else "(1 | id)")), d, REML = TRUE, control = tight)
  # lmer's order: 1, N, g, N:g
  M <- L[, c(1, 2:4, 5, 6:8)]
  one <- function(ddf) { k <- contest(f, M, joint = FALSE, ddf = ddf); list(estimate = k$Estimate, std_error = k$`Std. Error`, df = k$df, p = k$`Pr(>|t|)`) }
  list(kenward_roger = one("Kenward-Roger"), satterthwaite = one("Satterthwaite"), residual_sd = sigma(f), loglik = as.numeric(logLik(f)))
}
plain <- censored(FALSE, 40); sloped <- censored(TRUE, 15); lr <- 2 * (sloped$loglik - plain$loglik)
write(toJSON(list(r = R.version.string, days = days, n = nrow(d), n_below = sum(d$below), participants = participants,
  statistic = lr, p = .5 * pchisq(lr, 1, lower.tail = FALSE) + .5 * pchisq(lr, 2, lower.tail = FALSE),
  intercept = list(primary = plain, imputed = imputed(FALSE, .5)), slope = list(primary = sloped, imputed = imputed(TRUE, .5))),
  digits = NA, na = "null", auto_unbox = TRUE, pretty = TRUE), "trajectory.json")
