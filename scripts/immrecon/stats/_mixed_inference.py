"""Satterthwaite's and Kenward and Roger's quantities of a fitted linear mixed model."""

import numpy as np

from immrecon.stats._mixed_profile import Moments, State, deviance, numerical_jacobian, state, triangle
from immrecon.stats._mixed_reference import KenwardRoger, Satterthwaite
from immrecon.stats._mixed_sample import MixedSample
from immrecon.stats._types import FloatArray

# Eigenvalues of the Hessian below this share of the largest are flat: a variance of 0 has no information.
_FLAT = 1e-8


def in_design(covariance: FloatArray, r_design: FloatArray) -> FloatArray:
    """Covariance of the coefficients of the design from that of the orthonormal columns."""
    half = np.linalg.solve(r_design, covariance)
    out: FloatArray = np.linalg.solve(r_design, half.T)
    return (out + out.T) / 2


def satterthwaite(sample: MixedSample, m: Moments, theta: FloatArray, sigma2: float) -> Satterthwaite:
    """In the parameters (entries of L, log s), from the observed information as lmerTest."""
    q = m.zz.shape[1]

    def gradient(at: FloatArray) -> FloatArray:
        lower, variance = triangle(at[:-1], q), float(np.exp(2 * at[-1]))
        slope = deviance(m, lower, variance)[1]
        return np.append(slope, 2 * m.df - 2 * state(m, lower).rss / variance)

    def covariance(at: FloatArray) -> FloatArray:
        return np.asarray(np.exp(2 * at[-1]) * state(m, triangle(at[:-1], q)).covariance).ravel()

    at = np.append(theta, 0.5 * np.log(sigma2))
    hessian = numerical_jacobian(gradient, at)
    eigenvalues, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    kept = eigenvalues > _FLAT * eigenvalues.max()
    parameter = 2 * (vectors[:, kept] / eigenvalues[kept]) @ vectors[:, kept].T
    p = m.zx.shape[2]
    slopes = numerical_jacobian(covariance, at).T.reshape(-1, p, p)
    return Satterthwaite(
        in_design(covariance(at).reshape(p, p), sample.r_design),
        np.array([in_design(slope, sample.r_design) for slope in slopes]),
        parameter,
    )


def kenward_roger(sample: MixedSample, m: Moments, at: State, sigma2: float) -> KenwardRoger:
    """With V linear in the covariances of the random effects and s^2, expected information (Kenward and Roger 1997)."""
    q = m.zz.shape[1]
    x, z = sample.q_design, sample.random
    total = sample.by_participant

    def solve(rows: FloatArray) -> FloatArray:
        """V^-1 rows: Woodbury, participant by participant."""
        inner = at.delta @ at.inverse @ total(z[:, :, None] * rows[:, None, :])
        return np.asarray((rows - np.einsum("nq,nqp->np", z, inner[sample.code])) / sigma2)

    vx, vz = solve(x), solve(z)
    vvx, vvz = solve(vx), solve(vz)
    a, a2 = total(z[:, :, None] * vx[:, None, :]), total(z[:, :, None] * vvx[:, None, :])
    b, b2 = total(z[:, :, None] * vz[:, None, :]), total(z[:, :, None] * vvz[:, None, :])
    units = []
    for i, j in zip(*np.tril_indices(q), strict=True):
        unit = np.zeros((q, q))
        unit[i, j] = unit[j, i] = 1.0
        units.append(unit)
    inner = at.delta @ at.inverse @ m.zz
    twice = float(np.einsum("mqr,mrq->", inner, inner))
    trace = (m.n - 2 * float(np.einsum("mqq->", inner)) + twice) / sigma2**2
    k = len(units) + 1
    p = x.shape[1]
    first, second, information = np.empty((k, p, p)), np.empty((k, k, p, p)), np.empty((k, k))
    for r, u in enumerate(units):
        first[r] = -np.einsum("mqp,qs,mst->pt", a, u, a, optimize=True)
        for s, v in enumerate(units):
            second[r, s] = np.einsum("mqp,qr,mrs,st,mtu->pu", a, u, b, v, a, optimize=True)
            information[r, s] = np.einsum("qr,mrs,st,mtq->", u, b, v, b, optimize=True)
        second[r, k - 1] = np.einsum("mqp,qs,mst->pt", a, u, a2, optimize=True)
        second[k - 1, r] = second[r, k - 1].T
        information[r, k - 1] = information[k - 1, r] = np.einsum("qr,mrq->", u, b2)
    first[k - 1] = -vx.T @ vx
    second[k - 1, k - 1] = vx.T @ vvx
    information[k - 1, k - 1] = trace
    phi = sigma2 * at.covariance
    information = (
        information - 2 * np.einsum("pq,rsqp->rs", phi, second) + np.einsum("rpq,sqp->rs", phi @ first, phi @ first)
    )
    parameter = 2 * np.linalg.pinv((information + information.T) / 2, rcond=1e-12, hermitian=True)
    change = np.einsum("rs,rspq->pq", parameter, second) - np.einsum(
        "rs,rpq,sqt->pt", parameter, first, phi @ first, optimize=True
    )
    adjusted = phi + 2 * phi @ change @ phi
    to_design = np.linalg.inv(sample.r_design)
    back = sample.r_design
    return KenwardRoger(
        covariance=to_design @ ((adjusted + adjusted.T) / 2) @ to_design.T,
        unadjusted=to_design @ phi @ to_design.T,
        first=np.array([back.T @ one @ back for one in first]),
        parameter_covariance=parameter,
    )
