// Package secagg is the protocol: what a round computes, opens and refuses. It
// is pure: no clock, no network, no files. The participant is a machine over
// the same records that the services fold.
//
// Names follow Bonawitz et al., CCS 2017, Figure 4, malicious variant:
//
//	U1  members whose keys were advertised           Setup
//	U2  members whose shares were dealt              ShareSet
//	U3  members whose masked input is in             Collection
//	A   the one accepted set, within U3              Accepted
//	t   shares that rebuild a secret: 2t > |U1| + A_corr
//	q   signatures that fix a set: 2q > |U2| + A_corr
//	b_u, s_u   the seeds of u's self-mask and of u's mask key
package secagg
