# Golden numbers of mixed models, from invented data made by the arithmetic below (kept in mixed24.csv). Run here: Rscript mixed.R
# Debian: r-base-core r-cran-nlme r-cran-lme4 r-cran-lmertest r-cran-pbkrtest r-cran-statmod r-cran-numderiv r-cran-jsonlite
suppressPackageStartupMessages({library(nlme); library(lme4); library(lmerTest); library(pbkrtest); library(statmod)
  library(splines); library(jsonlite)})
set.seed(20260704)
m <- 24; days <- c(14, 28, 45, 60, 100, 180, 270, 365)
d <- expand.grid(visit = seq_along(days), id = 1:m); d$day <- days[d$visit] + (d$id * 3 + d$visit * 5) %% 7 - 3
d$group <- as.integer(d$id %% 3 == 0); d$t <- sqrt(d$day) / 10
b <- matrix(rnorm(2 * m), m) %*% chol(matrix(c(.16, -.05, -.05, .09), 2))
d$full <- 1 + .2 * d$group + 1.1 * d$t - .25 * d$t^2 + b[d$id, 1] + b[d$id, 2] * d$t + rnorm(nrow(d), sd = .2)
d <- d[(d$id * 7 + d$visit * 11) %% 6 != 0, ]                       # a sixth of the visits is missed
limit <- 1.35; d$below <- as.integer(d$full < limit); d$value <- ifelse(d$below == 1, limit, d$full)
write.csv(format(d[, c("id", "group", "day", "t", "full", "value", "below")], digits = 17), "mixed24.csv", row.names = FALSE, quote = FALSE)
d <- read.csv("mixed24.csv")
N <- function(x) ns(x, knots = c(.6, 1.1), Boundary.knots = c(.3, 2))
tight <- lmerControl(optimizer = "nloptwrap", optCtrl = list(xtol_rel = 1e-13, ftol_abs = 1e-14, xtol_abs = 1e-13, maxeval = 5000),
                     check.conv.singular = "ignore", calc.derivs = TRUE)
linear <- function(random, reml) {
  f <- lmerTest::lmer(as.formula(paste("full ~ N(t) * group +", random)), d, REML = reml, control = tight)
  p <- length(fixef(f)); L <- rbind(c(1, N(1)[1, ], 0, rep(0, 3)), c(0, 0, 0, 0, 1, N(1)[1, ]))
  joint <- cbind(matrix(0, 3, 5), diag(3))
  one <- function(ddf) { g <- contest(f, L, joint = FALSE, ddf = ddf); h <- contest(f, joint, ddf = ddf)
    list(estimate = g$Estimate, se = g$`Std. Error`, df = g$df, p = g$`Pr(>|t|)`,
         F = h$`F value`, ddf = h$DenDF, pF = h$`Pr(>F)`) }
  v <- as.data.frame(VarCorr(f)); re <- ranef(f, condVar = TRUE)$id; pv <- attr(re, "postVar")
  s <- coef(summary(f, ddf = "Satterthwaite"))
  out <- list(beta = unname(fixef(f)), se = unname(sqrt(diag(as.matrix(vcov(f))))), df = unname(s[, "df"]),
       varcomp = v$vcov, loglik = as.numeric(logLik(f)), ranef = unname(as.matrix(re)),
       ranef_sd = unname(t(apply(pv, 3, function(x) sqrt(diag(as.matrix(x)))))), satterthwaite = one("Satterthwaite"))
  if (reml) { k <- one("Kenward-Roger"); k$adj_se <- unname(sqrt(diag(as.matrix(vcovAdj(as(f, "lmerMod"))))))
    k$df_each <- unname(coef(summary(f, ddf = "Kenward-Roger"))[, "df"]); out$kenward_roger <- k }
  out
}
# Direct maximum likelihood with values below the limit: Gauss-Hermite product rule centred at each mode.
censored <- function(slope, nodes) {
  X <- model.matrix(~ N(t) * group, d); p <- ncol(X); q <- if (slope) 2 else 1
  g <- gauss.quad(nodes, "hermite"); grid <- as.matrix(expand.grid(rep(list(seq_len(nodes)), q)))
  pts <- matrix(g$nodes[grid], ncol = q); lw <- rowSums(matrix(log(g$weights)[grid], ncol = q)) + rowSums(pts^2)
  rows <- split(seq_len(nrow(d)), d$id); Zall <- if (slope) cbind(1, d$t) else matrix(1, nrow(d), 1)
  ll <- function(th) {
    s <- exp(th[p + 1]); L <- if (slope) matrix(c(exp(th[p + 2]), th[p + 3], 0, exp(th[p + 4])), 2) else matrix(exp(th[p + 2]))
    if (!all(is.finite(th)) || any(abs(th[-(1:p)]) > 5)) return(-1e10)
    r <- d$value - as.vector(X %*% th[1:p])
    sum(sapply(rows, function(i) {
      Z <- Zall[i, , drop = FALSE] %*% L; c1 <- d$below[i] == 1
      h <- function(at) { e <- (r[i] - Z %*% t(at)) / s                  # one row of `at` per node
        f <- e; f[c1, ] <- pnorm(e[c1, ], log.p = TRUE); f[!c1, ] <- dnorm(e[!c1, ], log = TRUE) - log(s)
        colSums(f) + rowSums(dnorm(at, log = TRUE)) }
      u <- rep(0, q)
      for (it in 1:100) { e <- (r[i] - as.vector(Z %*% u)) / s; lam <- exp(dnorm(e, log = TRUE) - pnorm(e, log.p = TRUE))
        gr <- colSums(Z * ifelse(c1, -lam, e)) / s - u
        H <- crossprod(Z * ifelse(c1, lam * (lam + e), 1), Z) / s^2 + diag(q)
        du <- solve(H, gr, tol = 1e-30); u <- u + du; if (max(abs(du)) < 1e-11) break }
      C <- t(chol(solve(H))); at <- t(u + sqrt(2) * C %*% t(pts)); lv <- h(at) + lw; mx <- max(lv)
      log(sqrt(2)^q * prod(diag(C))) + mx + log(sum(exp(lv - mx))) }))
  }
  f0 <- lm(value ~ N(t) * group, d); st <- c(coef(f0), log(.25), if (slope) c(log(.4), 0, log(.2)) else log(.4))
  o <- list(par = st)
  for (k in 1:3) o <- optim(o$par, function(th) -ll(th), method = "BFGS", control = list(reltol = 1e-15, maxit = 500))
  V <- solve(numDeriv::hessian(function(th) -ll(th), o$par))
  L <- if (slope) matrix(c(exp(o$par[p + 2]), o$par[p + 3], 0, exp(o$par[p + 4])), 2) else matrix(exp(o$par[p + 2]))
  list(beta = unname(o$par[1:p]), se = unname(sqrt(diag(V)))[1:p], sigma = unname(exp(o$par[p + 1])),
       random = unname(L %*% t(L)), loglik = -o$value)
}
lme_ml <- nlme::lme(full ~ N(t) * group, d, random = ~ 1 | id, method = "ML", control = lmeControl(opt = "optim", reltol = 1e-14))
out <- list(r = R.version.string,
  packages = sapply(c("nlme", "lme4", "lmerTest", "pbkrtest", "statmod"), function(p) as.character(packageVersion(p))),
  intercept = linear("(1 | id)", TRUE), slope = linear("(1 + t | id)", TRUE), slope_ml = linear("(1 + t | id)", FALSE),
  lme_ml = list(beta = unname(nlme::fixef(lme_ml)), sigma = lme_ml$sigma, loglik = as.numeric(logLik(lme_ml))),
  censored = censored(FALSE, 40), censored_slope = censored(TRUE, 15))
write(toJSON(out, digits = NA, na = "null", pretty = FALSE, auto_unbox = TRUE), "mixed.json")
