# The exported tables as a joint model in R reads them: the two parts that JM::jointModel and JMbayes2::jm are given, an lme
# of the counts and a coxph of the events (one per cause for competing risks), fitted to what was written.
# Rscript tests/golden/analyses/joint_model.R > tests/golden/analyses/joint_model.json
suppressMessages({library(nlme); library(survival); library(jsonlite)})
folder <- "tests/golden/analyses"
long <- read.csv(file.path(folder, "joint_model_long.csv"), stringsAsFactors = TRUE)
wide <- read.csv(file.path(folder, "joint_model_wide.csv"), stringsAsFactors = TRUE)

# What jointModel() and jm() check: the same participants in the same order, no sample after the event, one row each.
stopifnot(identical(unique(as.character(long$id)), as.character(wide$id)))
stopifnot(!anyDuplicated(wide$id), !anyNA(long$log10_count), !anyNA(wide$event_time_day), all(wide$event_time_day > 0))
stopifnot(all(long$time_day <= wide$event_time_day[match(long$id, wide$id)]), all(long$time_day >= 0))

counts <- lme(log10_count ~ sqrt(time_day) + group, random = ~ 1 | id, data = long, method = "ML")
events <- coxph(Surv(event_time_day, status == 1) ~ group, data = wide, x = TRUE, model = TRUE)
entry <- coxph(Surv(entry_day, event_time_day, status == 1) ~ group, data = wide)
# crisk_setup of JMbayes2 makes one row per cause; coxph with strata of the cause is its second argument.
causes <- rbind(cbind(wide, cause = 1), cbind(wide, cause = 2))
causes$status2 <- as.integer(causes$status == causes$cause)
competing <- coxph(Surv(event_time_day, status2) ~ group * strata(cause), data = causes, x = TRUE, model = TRUE)
cat(toJSON(list(
  n_samples = nrow(long), n_participants = nrow(wide), levels = levels(wide$group), status = as.list(table(factor(wide$status, 0:2))),
  columns = list(long = sapply(long, class), wide = sapply(wide, class)),
  fixed = unname(fixef(counts)), residual = counts$sigma, loglik = as.numeric(logLik(counts)),
  events = unname(coef(events)), entry = unname(coef(entry)), competing = unname(coef(competing))
), digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
