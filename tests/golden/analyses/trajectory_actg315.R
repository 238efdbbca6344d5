# CD4 counts of ACTG 315 (46 patients, none below a limit) by the mixed model of the study's configuration: random
# intercept and slope on sqrt(day), natural cubic spline of sqrt(day), on days 28, 84 and 168.
# Rscript trajectory_actg315.R path/to/actg315.csv > trajectory_actg315.json
# Debian: r-base-core r-cran-lme4 r-cran-lmertest r-cran-pbkrtest r-cran-numderiv r-cran-jsonlite
suppressPackageStartupMessages({library(lme4); library(lmerTest); library(pbkrtest); library(splines); library(jsonlite)})
d <- read.csv(commandArgs(TRUE)[1]); d <- d[!is.na(d$CD4), ]
d$y <- log10(d$CD4); d$t <- sqrt(d$Day)
N <- function(x) ns(x, knots = sqrt(c(14, 56)), Boundary.knots = sqrt(c(0, 168)))
L <- cbind(1, N(sqrt(c(28, 84, 168))))
tight <- lmerControl(optimizer = "nloptwrap", optCtrl = list(xtol_rel = 1e-13, ftol_abs = 1e-14, xtol_abs = 1e-13, maxeval = 5000))
fit <- function(random, reml) lmerTest::lmer(as.formula(paste("y ~ N(t) +", random)), d, REML = reml, control = tight)
one <- function(f, ddf) { k <- contest(f, L, joint = FALSE, ddf = ddf); list(estimate = k$Estimate, std_error = k$`Std. Error`, df = k$df) }
plain <- fit("(1 | Patid)", FALSE); ml <- fit("(1 + t | Patid)", FALSE); reml <- fit("(1 + t | Patid)", TRUE)
m <- length(unique(d$Patid)); lr <- as.numeric(2 * (logLik(ml) - logLik(plain)))
# Covariance from the observed information of all parameters, which missingness at random asks for (Kenward and
# Molenberghs 1998); vcov() of lmer leaves out what fixed effects and variances have in common.
X <- cbind(1, N(d$t)); p <- ncol(X); rows <- split(seq_len(nrow(d)), d$Patid); sc <- (d$t - 6) / 4; Z <- cbind(1, sc)
minus <- function(th) { s <- exp(th[p + 1]); C <- matrix(c(th[p + 2:3], 0, th[p + 4]), 2); G <- C %*% t(C)
  r <- d$y - as.vector(X %*% th[1:p])
  sum(sapply(rows, function(i) { S <- Z[i, , drop = FALSE] %*% G %*% t(Z[i, , drop = FALSE]) + diag(s^2, length(i))
    K <- chol(S); sum(log(diag(K))) + sum(backsolve(K, r[i], transpose = TRUE)^2) / 2 + length(i) * log(2 * pi) / 2 })) }
G <- VarCorr(ml)$Patid; A <- matrix(c(1, 0, 6, 4), 2); G <- A %*% G %*% t(A)   # intercept at sqrt(day) = 6, slope per 4
C <- t(chol(G)); top <- c(fixef(ml), log(sigma(ml)), C[1, 1], C[2, 1], C[2, 2])
stopifnot(abs(minus(top) + as.numeric(logLik(ml))) < 1e-6)
V <- solve(numDeriv::hessian(minus, top))[1:p, 1:p]; df <- m - 1
cat(toJSON(list(r = R.version.string, n = nrow(d), participants = m, statistic = lr,
  p = .5 * pchisq(lr, 1, lower.tail = FALSE) + .5 * pchisq(lr, 2, lower.tail = FALSE), loglik = as.numeric(logLik(ml)),
  # between-within degrees of freedom, standard errors of maximum likelihood widened by the root of m / df
  primary = list(estimate = as.vector(L %*% fixef(ml)), std_error = sqrt(diag(L %*% V %*% t(L)) * m / df), df = df),
  kenward_roger = one(reml, "Kenward-Roger"), satterthwaite = one(reml, "Satterthwaite"), residual_sd = sigma(reml)),
  digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
