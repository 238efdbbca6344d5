# Fine-Gray models of 20 small invented data sets with ties. Run here: Rscript fine_gray.R (writes fine_gray20.csv too)
# Debian: r-base-core r-cran-survival r-cran-cmprsk r-cran-jsonlite
suppressPackageStartupMessages({library(survival); library(cmprsk); library(jsonlite)})
set.seed(20260901)
draw <- function(k) {
  n <- 24 + 2 * k; x <- round(rnorm(n), 2); z <- rbinom(n, 1, .5)
  data.frame(set = k, time = ceiling(rexp(n, exp(.4 * x) / 60) / c(1, 7)[1 + k %% 2]) * c(1, 7)[1 + k %% 2],
             cause = sample(0:2, n, TRUE, c(.35, .4, .25)), x = x, z = z)
}
d <- do.call(rbind, lapply(1:20, draw)); write.csv(d, "fine_gray20.csv", row.names = FALSE)
tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60)
# crr's line search may stop a rounding error before the maximum: one more Newton step from where it stands
polished <- function(f) unname(f$coef + drop(f$invinf %*% f$score))
one <- function(e) {
  f <- crr(e$time, e$cause, cbind(e$x, e$z), gtol = 1e-12, maxiter = 50)
  g <- crr(e$time, e$cause, cbind(e$x, e$z), cengroup = e$z, gtol = 1e-12, maxiter = 50)
  e$state <- factor(e$cause, 0:2); e$id <- seq_len(nrow(e)); e$late <- (e$id %% 3) * pmin(7, e$time - 1) / 3
  expand <- function(formula) { w <- finegray(formula, e, etype = "1", id = id)
    m <- coxph(Surv(fgstart, fgstop, fgstatus) ~ x + z, w, weights = fgwt, cluster = id, ties = "breslow", control = tight)
    list(rows = nrow(w), weight = sum(w$fgwt), coef = unname(coef(m)), se = unname(sqrt(diag(m$var)))) }
  p <- predict(f, rbind(c(.5, 1)))
  list(coef = polished(f), variance = unname(f$var), information = unname(f$inf), loglik = f$loglik,
       loglik_null = f$loglik.null, by_group_coef = polished(g), by_group_variance = unname(g$var),
       time = p[, 1], incidence = p[, 2], expanded = expand(Surv(time, state) ~ x + z + id),
       expanded_late = expand(Surv(late, time, state) ~ x + z + id))
}
out <- list(r = R.version.string, packages = sapply(c("survival", "cmprsk"), function(p) as.character(packageVersion(p))),
            sets = lapply(unname(split(d, d$set)), one))
write(toJSON(out, digits = NA, na = "null", pretty = FALSE, auto_unbox = TRUE), "fine_gray.json")
