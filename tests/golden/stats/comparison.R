# Golden numbers for comparisons of groups, from invented data in this folder. Run here: Rscript comparison.R
# Writes gray20.csv (20 random data sets with ties) and comparison.json.
# Debian: r-base-core r-cran-survival r-cran-cmprsk r-cran-jsonlite
suppressPackageStartupMessages({library(survival); library(cmprsk); library(jsonlite)})

logrank <- function(f) { o <- as.matrix(f$obs); e <- as.matrix(f$exp)
  list(observed = unname(rowSums(o)), expected = unname(rowSums(e)), variance = unname(f$var), chisq = f$chisq,
       p = pchisq(f$chisq, nrow(f$var) - 1, lower.tail = FALSE)) }
gray <- function(d, rho = 0, strata = rep(1, nrow(d))) {
  tests <- cuminc(d$time, d$cause, d$group, strata, rho = rho, cencode = 0)$Tests
  list(cause = I(as.integer(rownames(tests))), stat = I(unname(tests[, "stat"])), p = I(unname(tests[, "pv"]))) }

d <- read.csv("trial36.csv"); d$event <- as.integer(d$cause > 0)
d$group <- d$id %% 3; d$two <- d$id %% 2; d$stratum <- (d$id %/% 4) %% 2
late <- coxph(Surv(entry, time, event) ~ factor(group), d, ties = "exact") # its score test is the log-rank
out <- list(
  r = R.version.string,
  packages = sapply(c("survival", "cmprsk"), function(p) as.character(packageVersion(p))),
  logrank = lapply(c(0, 1, 0.5), function(r) c(rho = r, logrank(survdiff(Surv(time, event) ~ group, d, rho = r)))),
  logrank_strata = lapply(c(0, 1), function(r)
    c(rho = r, logrank(survdiff(Surv(time, event) ~ group + strata(stratum), d, rho = r)))),
  logrank_entry = list(chisq = late$score, p = pchisq(late$score, 2, lower.tail = FALSE)),
  gray = list(plain = gray(d), rho1 = gray(d, 1), strata = gray(d, 0, d$stratum), both = gray(d, 2, d$stratum))
)

# All relabellings of the first 10 participants, four in the first group.
s <- d[1:10, ]; s$first <- s$id %in% c(1, 4, 5, 9)
km <- survfit(Surv(time, event) ~ 1, s); score <- s$event - stepfun(km$time, c(0, km$cumhaz))(s$time)
all <- combn(10, 4, function(i) sum(score[i])); u <- sum(score[s$first]); centre <- 4 * mean(score)
out$permutation <- list(u = u, p = mean(abs(all - centre) >= abs(u - centre) - 1e-9), less = mean(all <= u + 1e-9))

# Wilcoxon without ties, and the limits of the shift.
x <- c(12.1, 55.3, 7.9, 31.4, 88.8, 20.2, 41.7, 5.5); y <- c(60.6, 18.3, 95.1, 44.4, 71.9, 102.7, 33.3)
w <- wilcox.test(x, y, conf.int = TRUE, exact = TRUE)
out$wilcoxon <- list(x = x, y = y, w = unname(w$statistic), p = w$p.value, low = w$conf.int[1], high = w$conf.int[2],
                     less = wilcox.test(x, y, exact = TRUE, alternative = "less")$p.value)

tables <- list(c(5, 18, 1, 18), c(0, 18, 3, 18), c(9, 14, 6, 22), c(14, 14, 20, 22), c(3, 6, 3, 6), c(1, 6, 5, 7))
out$fisher <- lapply(tables, function(t) { f <- fisher.test(matrix(c(t[1], t[2] - t[1], t[3], t[4] - t[3]), 2))
  list(x1 = t[1], n1 = t[2], x2 = t[3], n2 = t[4], p = f$p.value, estimate = unname(f$estimate),
       low = ifelse(is.finite(f$conf.int[1]), f$conf.int[1], NA), high = ifelse(is.finite(f$conf.int[2]), f$conf.int[2], NA)) })

set.seed(20261122)
draw <- function(i) { n <- sample(8:40, 1); k <- sample(2:3, 1); grid <- sample(c(1, 7, 30), 1)
  data.frame(set = i, time = floor(rexp(n, 1 / 90) / grid) * grid, cause = sample(0:2, n, TRUE, c(.3, .4, .3)),
             group = sample(rep(seq_len(k), length.out = n)), stratum = sample(1:2, n, TRUE)) }
many <- do.call(rbind, lapply(1:20, draw)); write.csv(many, "gray20.csv", row.names = FALSE)
out$gray20 <- lapply(split(many, many$set), function(d) list(plain = gray(d), rho1 = gray(d, 1), strata = gray(d, 0, d$stratum)))
names(out$gray20) <- NULL
write(toJSON(out, digits = NA, na = "null", pretty = FALSE, auto_unbox = TRUE), "comparison.json")
