# Golden numbers of regression models, from invented data in this folder. Run here: Rscript regression.R
# Debian: r-base-core r-cran-survival r-cran-cmprsk r-cran-jsonlite
suppressPackageStartupMessages({library(survival); library(cmprsk); library(jsonlite)})
d <- read.csv("trial36.csv")
d$event <- as.integer(d$cause == 1); d$x <- (d$id * 7) %% 5 - 2; d$z <- as.integer(d$id %% 3 == 0)
d$s <- d$id %% 2; d$centre <- d$id %% 7
control <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60)
fitted <- function(formula, ties = "efron", zph = TRUE, weighted = FALSE, clusters = FALSE) {
  environment(formula) <- environment()
  if (clusters) f <- coxph(formula, d, ties = ties, control = control, weights = weight, cluster = centre)
  else if (weighted) f <- coxph(formula, d, ties = ties, control = control, weights = weight, robust = TRUE)
  else f <- coxph(formula, d, ties = ties, control = control)
  s <- summary(f)
  naive <- if (is.null(f$naive.var)) f$var else f$naive.var
  out <- list(coef = unname(coef(f)), se = unname(sqrt(diag(f$var))), model_se = unname(sqrt(diag(naive))),
              loglik = f$loglik, score = unname(s$sctest[1]), lrt = unname(s$logtest[1]),
              wald = f$wald.test[[1]], concordance = unname(f$concordance["concordance"]))
  if (zph) for (tr in c("km", "identity", "rank")) {
    z <- try(cox.zph(f, transform = tr), silent = TRUE)
    if (!inherits(z, "try-error")) out[[paste0("zph_", tr)]] <- unname(z$table[, 1])
  }
  out
}
out <- list(
  r = R.version.string, packages = sapply(c("survival", "cmprsk"), function(p) as.character(packageVersion(p))),
  efron = fitted(Surv(time, event) ~ x + z),
  breslow = fitted(Surv(time, event) ~ x + z, ties = "breslow"),
  exact = fitted(Surv(time, event) ~ x + z, ties = "exact", zph = FALSE),
  entry = fitted(Surv(entry, time, event) ~ x + z),
  entry_strata = fitted(Surv(entry, time, event) ~ x + z + strata(s)),
  weights = fitted(Surv(time, event) ~ x + z, weighted = TRUE),
  weights_breslow = fitted(Surv(time, event) ~ x + z, ties = "breslow", weighted = TRUE),
  entry_weights_strata_cluster = fitted(Surv(entry, time, event) ~ x + z + strata(s), clusters = TRUE)
)
b <- basehaz(coxph(Surv(time, event) ~ x + z, d, control = control), centered = FALSE)
out$baseline <- list(time = b$time, hazard = b$hazard)
write(toJSON(out, digits = NA, na = "null", pretty = FALSE, auto_unbox = TRUE), "regression.json")
