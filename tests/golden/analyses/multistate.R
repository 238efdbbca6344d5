# Probability in state and length of stay of twelve participants by survival::survfit with istate; the standard error of
# the length of stay is the integral of survfit's own influence of each participant on the probabilities.
# Rscript tests/golden/analyses/multistate.R > tests/golden/analyses/multistate.json
library(survival)
library(jsonlite)

rows <- data.frame(
  id = c(1, 1, 2, 3, 3, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 10, 11, 12),
  start = c(0, 10, 0, 0, 12, 30, 0, 0, 10, 0, 0, 0, 20, 0, 0, 25, 0, 0),
  stop = c(10, 40, 25, 12, 30, 55, 60, 10, 20, 35, 25, 20, 70, 90, 25, 30, 5, 80),
  from = c("OK", "GVHD", "OK", "OK", "GVHD", "REL", "OK", "OK", "GVHD", "OK", "OK", "OK", "REL", "OK", "OK", "GVHD", "OK", "OK"),
  to = c("GVHD", "DEAD", "DEAD", "GVHD", "REL", "none", "none", "GVHD", "none", "none", "REL", "REL", "DEAD", "none", "GVHD", "DEAD", "none", "REL")
)
states <- c("OK", "GVHD", "REL", "DEAD")
rows$event <- factor(rows$to, levels = c("none", states[-1]))
rows$from <- factor(rows$from, levels = states)
fit <- survfit(Surv(start, stop, event) ~ 1, rows, id = id, istate = from, influence = TRUE)
days <- c(20, 30, 50, 75)
at <- summary(fit, times = days)
offset <- dim(fit$influence.pstate)[2] - length(fit$time)
stay <- function(tau) {
  k <- sum(fit$time < tau)
  width <- diff(c(0, fit$time[seq_len(k)], tau))
  total <- matrix(0, dim(fit$influence.pstate)[1], length(states))
  for (i in seq_len(k)) total <- total + fit$influence.pstate[, i + offset, ] * width[i + 1]
  list(estimate = unname(summary(fit, rmean = tau)$table[, "rmean"]), std_error = sqrt(colSums(total^2)))
}
rows$event <- NULL
cat(toJSON(list(
  states = fit$states, rows = rows, days = days, probability = at$pstate, std_error = at$std.err, stay = lapply(days, stay)
), digits = NA, pretty = TRUE, auto_unbox = TRUE), "\n")
