# Golden numbers for comparisons of endpoints, from the invented trial in ../stats/trial36.csv. Run here:
# Rscript contrasts.R. Writes contrasts.json. Debian: r-base-core r-cran-survival r-cran-cmprsk r-cran-jsonlite
suppressPackageStartupMessages({library(survival); library(cmprsk); library(jsonlite)})

d <- read.csv("../stats/trial36.csv"); d$event <- as.integer(d$cause == 1); d$any <- as.integer(d$cause > 0)
d$group <- d$id %% 2            # 1 is compared with 0
d$dose <- (d$id %/% 2) %% 3     # 0, 1, 2
z <- qnorm(0.975); day <- 100; tau <- 90
hr <- function(f) list(ratio = unname(exp(coef(f))), se = unname(sqrt(diag(vcov(f)))),
                       low = unname(exp(coef(f) - z * sqrt(diag(vcov(f))))),
                       high = unname(exp(coef(f) + z * sqrt(diag(vcov(f))))))
zph <- function(f) { t <- cox.zph(f, transform = "km", terms = FALSE)$table; unname(t[nrow(t), ]) }
# Log-rank test for trend from the observed, expected and variance of survdiff.
trend <- function(f, s) { u <- rowSums(as.matrix(f$obs)) - rowSums(as.matrix(f$exp))
  x <- sum(s * u)^2 / drop(s %*% f$var %*% s); c(x, pchisq(x, 1, lower.tail = FALSE)) }
add <- function(a, b) { x <- a[1] - b[1]
  c(x, sqrt(a[2]^2 + b[2]^2), x - sqrt((a[1] - a[3])^2 + (b[4] - b[1])^2), x + sqrt((a[4] - a[1])^2 + (b[1] - b[3])^2)) }
km <- function(g) { s <- summary(survfit(Surv(time, any) ~ 1, d[d$group == g, ], conf.type = "log-log"), times = day)
  c(s$surv, s$std.err, s$lower, s$upper) }
cif <- function(g) { x <- d[d$group == g, ]; f <- survfit(Surv(time, factor(pmin(cause, 2), 0:2)) ~ 1, x, id = x$id)
  s <- summary(f, times = day); p <- s$pstate[1, 2]; e <- s$std.err[1, 2]
  c(p, e, p^exp(-z * e / (p * log(p))), p^exp(z * e / (p * log(p)))) }
rmean <- function(g) { t <- survival:::survmean(survfit(Surv(time, any) ~ 1, d[d$group == g, ]), rmean = tau)$matrix
  unname(c(t["rmean"], t["se(rmean)"])) }
m1 <- rmean(1); m0 <- rmean(0)
ratio <- c(m1[1] / m0[1], sqrt((m1[2] / m1[1])^2 + (m0[2] / m0[1])^2))
fg <- crr(d$time, d$cause, d$group, failcode = 1, cencode = 0, gtol = 1e-12, maxiter = 100)
hazard <- -log(0.5) / 200 * pmin(d$time, day); O <- sum(d$any == 1 & d$time <= day); E <- sum(hazard)
out <- list(
  r = R.version.string, packages = sapply(c("survival", "cmprsk"), function(p) as.character(packageVersion(p))),
  hazard = hr(coxph(Surv(time, any) ~ group, d)), hazard_zph = zph(coxph(Surv(time, any) ~ group, d)),
  hazard_strata = hr(coxph(Surv(time, any) ~ group + strata(dose), d)),
  hazard_dose = hr(coxph(Surv(time, any) ~ dose + strata(group), d)),
  hazard_levels = hr(coxph(Surv(time, any) ~ factor(dose), d)),
  hazard_levels_zph = zph(coxph(Surv(time, any) ~ factor(dose), d)),
  hazard_age = hr(coxph(Surv(time, any) ~ I(id / 10), d)),
  cause_specific = hr(coxph(Surv(time, event) ~ group, d)),
  subdistribution = list(ratio = unname(exp(fg$coef)), se = unname(sqrt(diag(fg$var)))),
  logrank = survdiff(Surv(time, any) ~ group, d)$chisq,
  logrank_strata = survdiff(Surv(time, any) ~ group + strata(dose), d)$chisq,
  logrank_trend = trend(survdiff(Surv(time, any) ~ dose, d), 0:2),
  logrank_trend_strata = trend(survdiff(Surv(time, any) ~ dose + strata(group), d), 0:2),
  gray = unname(cuminc(d$time, d$cause, d$group, cencode = 0)$Tests["1", 1:2]),
  survival_difference = add(km(1), km(0)), incidence_difference = add(cif(1), cif(0)),
  mean_difference = c(m1[1] - m0[1], sqrt(m1[2]^2 + m0[2]^2)), mean_ratio = ratio,
  one_sample = list(observed = O, expected = E, ratio = O / E, limits = poisson.test(O)$conf.int / E,
                    p = min(1, 2 * min(ppois(O, E), 1 - ppois(O - 1, E))))
)
# Every arrangement of the first 9 participants in dose groups of their sizes: sum of score times dose.
s <- d[1:9, ]; fit <- survfit(Surv(time, any) ~ 1, s); a <- s$any - stepfun(fit$time, c(0, fit$cumhaz))(s$time)
perms <- unique(expand.grid(rep(list(0:2), 9)))
same <- apply(perms, 1, function(x) all(tabulate(x + 1, 3) == tabulate(s$dose + 1, 3)))
t <- as.matrix(perms[same, ]) %*% a; u <- sum(a * s$dose); c0 <- mean(t)
out$trend_permutation <- list(n = nrow(t), statistic = u, p = mean(abs(t - c0) >= abs(u - c0) - 1e-9))
writeLines(toJSON(out, auto_unbox = TRUE, digits = 16, pretty = TRUE), "contrasts.json")
