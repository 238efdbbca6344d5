"""Marginal likelihood of a mixed model with values beyond a limit, by adaptive Gauss-Hermite quadrature.

The random effects of a participant are b = L u with u standard normal and L lower-triangular. Given u, a measured
value is normal about x'beta + z'b and one below its limit contributes the normal distribution function there
(Hughes 1999; Vaida and Liu 2009); one above a limit does the same with the signs of value, x and z turned, because the
distribution is symmetric. The integrand is centred and scaled at its mode for each participant (Liu and Pierce 1994);
where nothing is beyond a limit it is Gaussian and the quadrature exact. Score by Fisher's identity and observed
information by Louis' (1982) formula come from the same nodes.
"""

from dataclasses import dataclass

import numpy as np

from immrecon.stats._mills import LOG_ROOT_TWO_PI, left_tail
from immrecon.stats._mixed_profile import triangle
from immrecon.stats._mixed_sample import MixedSample
from immrecon.stats._types import FloatArray, IntArray

_MODE_STEPS = 100
_MODE_FOUND = 1e-10
_LONGEST = 4.0
# Numbers of one array that a block of participants may take.
_BLOCK = 400_000


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Log-likelihood with derivatives in (coefficients of the orthonormal columns, entries of L, log s)."""

    loglik: float
    score: FloatArray
    information: FloatArray
    """Observed."""
    mode: FloatArray
    """(m, q) where the integrand of each participant is largest: the start of the next search."""
    mean: FloatArray
    """(m, q) posterior mean of u."""
    spread: FloatArray
    """(m, q, q) posterior covariance of u."""


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Participants that are worked on together: sums over their measured values, rows of those beyond a limit."""

    rows: slice
    """Of participants."""
    count: FloatArray
    zz: FloatArray
    zx: FloatArray
    zy: FloatArray
    yx: FloatArray
    yy: FloatArray
    xx: FloatArray
    x: FloatArray
    z: FloatArray
    y: FloatArray
    owner: IntArray
    """(c,) participant within the block of each value below a limit."""
    first: IntArray
    holders: IntArray
    """Participants within the block that have a value below a limit; first: where theirs begin."""

    def per_participant(self, rows: FloatArray) -> FloatArray:
        """(b, ...) sums over the values below a limit."""
        out = np.zeros((self.count.size, *rows.shape[1:]))
        if self.holders.size:
            out[self.holders] = np.add.reduceat(rows, self.first, axis=0)
        return out


class CensoredLikelihood:
    """Log-likelihood of a sample as a function of the parameters."""

    def __init__(self, sample: MixedSample, nodes: int) -> None:
        _, _, self.p, self.q = sample.sizes
        points, weights = np.polynomial.hermite.hermgauss(nodes)
        grid = np.meshgrid(*[points] * self.q, indexing="ij")
        log_weights = np.meshgrid(*[np.log(weights) + points**2] * self.q, indexing="ij")
        self.nodes: FloatArray = np.sqrt(2) * np.stack([g.ravel() for g in grid], axis=1)
        self.log_weights: FloatArray = np.sum([w.ravel() for w in log_weights], axis=0)
        self.blocks = _blocks(sample, self.nodes.shape[0] * (self.p + self.q + 4))
        self.participants = sample.starts.size
        self.entries = [(i, j) for i in range(self.q) for j in range(i + 1)]
        self.size = self.p + len(self.entries) + 1

    def __call__(self, theta: FloatArray, mode: FloatArray) -> Evaluation:
        """At theta, the searches for the modes starting at mode (m, q)."""
        parts = [self._block(block, theta, mode[block.rows]) for block in self.blocks]
        return Evaluation(
            loglik=float(sum(part.loglik for part in parts)),
            score=np.sum([part.score for part in parts], axis=0),
            information=np.sum([part.information for part in parts], axis=0),
            mode=np.concatenate([part.mode for part in parts]),
            mean=np.concatenate([part.mean for part in parts]),
            spread=np.concatenate([part.spread for part in parts]),
        )

    def _block(self, block: _Block, theta: FloatArray, mode: FloatArray) -> Evaluation:
        p, q = self.p, self.q
        beta, lower, sigma = theta[:p], triangle(theta[p:-1], q), float(np.exp(theta[-1]))
        # Residuals of the fixed effects, as sums over measured values and one by one below a limit.
        zr = block.zy - block.zx @ beta
        xr = block.yx - block.xx @ beta
        rr = block.yy - (block.yx + xr) @ beta
        left = block.y - block.x @ beta
        mode, inverse_root = _mode(block, zr, left, lower, sigma, mode)
        u = mode[:, None, :] + np.einsum("bqr,kr->bkq", inverse_root, self.nodes)
        b = u @ lower.T
        zzb = b @ block.zz
        quadratic = (rr[:, None] - (b * (2 * zr[:, None, :] - zzb)).sum(axis=2)) / sigma**2
        e = (left[:, None] - (b[block.owner] * block.z[:, None, :]).sum(axis=2)) / sigma
        log_p, slope, curve = left_tail(e)
        joint = (
            block.per_participant(log_p)
            - 0.5 * quadratic
            - 0.5 * (u**2).sum(axis=2)
            - (block.count * (theta[-1] + LOG_ROOT_TWO_PI) + q * LOG_ROOT_TWO_PI)[:, None]
            + self.log_weights
        )
        top = joint.max(axis=1, keepdims=True)
        weight = np.exp(joint - top)
        total = weight.sum(axis=1, keepdims=True)
        weight /= total
        log_scale = np.log(np.abs(np.einsum("bqq->bq", inverse_root))).sum(axis=1) + 0.5 * q * np.log(2)
        loglik = float((top[:, 0] + np.log(total[:, 0]) + log_scale).sum())
        # Complete-data scores at every node: measured values, then those below a limit.
        pull = -slope / sigma
        score = np.empty((*u.shape[:2], self.size))
        zx = block.zx.transpose(0, 2, 1)
        measured_x = (xr[:, None, :] - b @ block.zx) / sigma**2
        measured_z = (zr[:, None, :] - zzb) / sigma**2
        for j in range(p):
            score[:, :, j] = measured_x[:, :, j] + block.per_participant(block.x[:, j, None] * pull)
        for k, (i, j) in enumerate(self.entries):
            own = measured_z[:, :, i] + block.per_participant(block.z[:, i, None] * pull)
            score[:, :, p + k] = own * u[:, :, j]
        score[:, :, -1] = quadratic - block.count[:, None] - block.per_participant(slope * e)
        mean_score = np.einsum("bk,bkt->bt", weight, score)
        flat = score.reshape(-1, score.shape[2])
        variance = flat.T @ (flat * weight.reshape(-1, 1)) - mean_score.T @ mean_score
        mean = np.einsum("bk,bkq->bq", weight, u)
        second = np.einsum("bk,bkq,bkr->bqr", weight, u, u, optimize=True)
        information = self._expected(block, weight, u, sigma, e, slope, curve, mean, second, zx)
        cross = np.einsum("bk,bkp->p", weight, measured_x)
        information[:p, -1] += 2 * cross
        for k, (i, j) in enumerate(self.entries):
            information[p + k, -1] += 2 * float((weight * measured_z[:, :, i] * u[:, :, j]).sum())
        information[-1, :-1] = information[:-1, -1]
        information[-1, -1] += 2 * float((weight * quadratic).sum())
        return Evaluation(
            loglik=loglik,
            score=mean_score.sum(axis=0),
            information=information - variance,
            mode=mode,
            mean=mean,
            spread=second - mean[:, :, None] * mean[:, None, :],
        )

    def _expected(
        self,
        block: _Block,
        weight: FloatArray,
        u: FloatArray,
        sigma: float,
        e: FloatArray,
        slope: FloatArray,
        curve: FloatArray,
        mean: FloatArray,
        second: FloatArray,
        zx: FloatArray,
    ) -> FloatArray:
        """Posterior expectation of the complete-data information, without what measured values know of log s."""
        p = self.p
        own = weight[block.owner]
        u_own = u[block.owner]
        bent = own * curve / sigma**2
        w0 = bent.sum(axis=1)
        w1 = np.einsum("ck,ckq->cq", bent, u_own)
        w2 = np.einsum("ck,ckq,ckr->cqr", bent, u_own, u_own, optimize=True)
        turned = own * (curve * e - slope) / sigma
        t0 = turned.sum(axis=1)
        t1 = np.einsum("ck,ckq->cq", turned, u_own)
        out = np.zeros((self.size, self.size))
        x, z = block.x, block.z
        out[:p, :p] = block.xx.sum(axis=0) / sigma**2 + x.T @ (x * w0[:, None])
        out[:p, -1] = x.T @ t0
        out[-1, -1] = float((turned * e).sum()) * sigma
        for k, (i, j) in enumerate(self.entries):
            out[:p, p + k] = np.einsum("bp,b->p", zx[:, :, i], mean[:, j]) / sigma**2 + x.T @ (z[:, i] * w1[:, j])
            out[p + k, :p] = out[:p, p + k]
            out[p + k, -1] = float(z[:, i] @ t1[:, j])
            for m, (r, s) in enumerate(self.entries):
                out[p + k, p + m] = float((block.zz[:, i, r] * second[:, j, s]).sum()) / sigma**2 + float(
                    (z[:, i] * z[:, r] * w2[:, j, s]).sum()
                )
        return out


def _mode(
    block: _Block, zr: FloatArray, left: FloatArray, lower: FloatArray, sigma: float, start: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mode (b, q) of the log-concave integrand and the root (b, q, q) of its inverse curvature, by Newton."""
    u, q = start, lower.shape[0]
    quadratic = lower.T @ block.zz @ lower / sigma**2 + np.eye(q)
    linear = zr @ lower / sigma**2
    z = block.z @ lower / sigma
    curvature = quadratic
    for _ in range(_MODE_STEPS):
        e = left / sigma - (z * u[block.owner]).sum(axis=1)
        _, slope, curve = left_tail(e)
        gradient = linear - np.einsum("bqr,br->bq", quadratic, u) - block.per_participant(z * slope[:, None])
        curvature = quadratic + block.per_participant(z[:, :, None] * z[:, None, :] * curve[:, None, None])
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        size = np.abs(step).max(axis=1, keepdims=True)
        u = u + step * np.minimum(1.0, _LONGEST / np.maximum(size, _LONGEST))
        if size.max() < _MODE_FOUND:
            break
    root: FloatArray = np.linalg.cholesky(np.linalg.inv(curvature))
    return u, root


def _blocks(sample: MixedSample, per_row: int) -> list[_Block]:
    """Participants in blocks of so many that no array is large."""
    n, m, _, _ = sample.sizes
    ends = np.append(sample.starts[1:], n)
    step = max(1, int(_BLOCK / per_row / max(1.0, n / m)))
    out = []
    for a in range(0, m, step):
        b = min(a + step, m)
        rows = slice(int(sample.starts[a]), int(ends[b - 1]))
        beyond, code = ~sample.measured[rows], sample.code[rows] - a
        sign = np.where(sample.above[rows], -1.0, 1.0)[beyond]
        x, z, y = sample.q_design[rows], sample.random[rows], sample.value[rows]
        kept = (~beyond).astype(np.float64)[:, None]
        firsts = sample.starts[a:b] - sample.starts[a]

        def total(values: FloatArray, firsts: IntArray = firsts) -> FloatArray:
            return np.asarray(np.add.reduceat(values, firsts, axis=0))

        xk, zk, yk = x * kept, z * kept, y * kept[:, 0]
        owner = code[beyond]
        holders, first = np.unique(owner, return_index=True)
        out.append(
            _Block(
                rows=slice(a, b),
                count=total(kept[:, 0]),
                zz=total(zk[:, :, None] * z[:, None, :]),
                zx=total(zk[:, :, None] * x[:, None, :]),
                zy=total(zk * y[:, None]),
                yx=total(xk * y[:, None]),
                yy=total(yk * y),
                xx=total(xk[:, :, None] * x[:, None, :]),
                x=x[beyond] * sign[:, None],
                z=z[beyond] * sign[:, None],
                y=y[beyond] * sign,
                owner=owner,
                first=first,
                holders=holders,
            )
        )
    return out
