# Golden numbers for tests/stats, from invented data in this folder. Run here: Rscript golden.R
# Debian: r-base-core r-cran-survival r-cran-cmprsk r-cran-etm r-cran-jsonlite
suppressPackageStartupMessages({library(survival); library(cmprsk); library(etm); library(jsonlite)})
at <- c(0, 7, 28, 60, 100, 180, 364, 365, 400)
types <- c("log-log", "log", "plain", "logit", "arcsin")

curve <- function(fit, times) {
  s <- summary(fit, times = times, extend = TRUE); q <- quantile(fit, c(.25, .5, .75))
  list(n_risk = s$n.risk, survival = s$surv, std_error = s$std.err, conf_low = s$lower, conf_high = s$upper,
       cumulative_hazard = s$cumhaz, cumulative_hazard_std_error = s$std.chaz,
       quantile = unname(q$quantile), quantile_low = unname(q$lower), quantile_high = unname(q$upper))
}
states <- function(fit, times) { s <- summary(fit, times = times, extend = TRUE)
  list(probability = unname(s$pstate), std_error = unname(s$std.err)) }
gray <- function(d, times) { tp <- timepoints(cuminc(d$time, d$cause, cencode = 0), times[times <= max(d$time)])
  list(times = times[times <= max(d$time)], incidence = unname(tp$est), variance = unname(tp$var)) }
greenwood <- function(d, times) {
  tra <- matrix(FALSE, 4, 4); tra[1, -1] <- TRUE
  fit <- etm(data.frame(id = d$id, from = "0", to = ifelse(d$cause == 0, "cens", d$cause), entry = d$entry,
                        exit = d$time), c("0", "1", "2", "3"), tra, "cens", s = 0, covariance = TRUE)
  list(incidence = unname(t(sapply(1:3, function(k) trprob(fit, paste("0", k), times)))),
       variance = unname(t(sapply(1:3, function(k) trcov(fit, paste("0", k), times)))))
}

d <- read.csv("trial36.csv"); d$event <- as.integer(d$cause > 0); d$state <- factor(d$cause, 0:3)
now <- Surv(d$time, d$event)
late <- Surv(d$entry, d$time, d$event)
out <- list(
  r = R.version.string,
  packages = sapply(c("survival", "cmprsk", "etm"), function(p) as.character(packageVersion(p))),
  times = at,
  kaplan_meier = lapply(setNames(types, types), function(ct) curve(survfit(now ~ 1, conf.type = ct), at)),
  kaplan_meier_90 = curve(survfit(now ~ 1, conf.type = "log-log", conf.int = .9), at),
  kaplan_meier_weights = curve(
    survfit(now ~ 1, weights = d$weight, robust = FALSE, conf.type = "log-log"), at),
  kaplan_meier_entry = curve(survfit(late ~ 1, conf.type = "log-log"), at),
  nelson_aalen = curve(survfit(now ~ 1, conf.type = "log-log", stype = 2, ctype = 1), at),
  nelson_aalen_entry_weights = curve(
    survfit(late ~ 1, weights = d$weight, robust = FALSE, conf.type = "log-log", stype = 2, ctype = 1), at),
  reverse_kaplan_meier = curve(survfit(Surv(time, 1 - event) ~ 1, d, conf.type = "log-log"), at),
  jackknife = states(survfit(Surv(time, state) ~ 1, d, id = id), at),
  jackknife_weights = states(survfit(Surv(time, state) ~ 1, d, id = id, weights = weight), at),
  jackknife_entry = states(survfit(Surv(entry, time, state) ~ 1, d, id = id), at),
  jackknife_entry_weights = states(survfit(Surv(entry, time, state) ~ 1, d, id = id, weights = weight), at),
  gray = gray(d, at),
  greenwood_entry = greenwood(d, at)
)
d <- read.csv("tied8.csv"); d$event <- as.integer(d$cause > 0); at <- c(0, 4, 5, 9, 14, 20, 25)
out$tied <- list(
  times = at,
  kaplan_meier = curve(survfit(Surv(time, event) ~ 1, d, conf.type = "log-log"), at),
  jackknife = states(survfit(Surv(time, factor(cause, 0:2)) ~ 1, d, id = id), at),
  gray = gray(d, at)
)
d <- read.csv("rising13.csv") # the upper limit on the log scale rises again after it has crossed 0.75
out$rising <- list(times = at, kaplan_meier = curve(survfit(Surv(time, cause) ~ 1, d, conf.type = "log"), at))
x <- c(0, 1, 4, 14); exact <- sapply(x, function(k) binom.test(k, 14)$conf.int)
out$proportion <- list(x = x, n = 14, clopper_pearson = t(exact),
                       wilson = t(sapply(x, function(k) prop.test(k, 14, correct = FALSE)$conf.int)))
write(toJSON(out, digits = NA, na = "null", pretty = FALSE, auto_unbox = TRUE), "golden.json")
