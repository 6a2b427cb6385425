package org.opensciencegrid.tokenrenewer.account;

import java.util.ArrayList;
import java.util.List;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesApi;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.kubernetes.ObjectName;
import org.opensciencegrid.tokenrenewer.state.AccountObjects;

/** The rights that the service account needs for an account. */
public record KubernetesRights(KubernetesApi api, AccountObjects objects) {
    /**
     * Each missing right. Asks the API server and changes nothing.
     *
     * @param isStored whether the account has a Secret: one with client credentials has none
     */
    public List<Failure> missing(String account, boolean isStored) {
        List<ObjectName> names = isStored
                ? List.of(objects.lease(account), objects.account(account), objects.state(account))
                : List.of(objects.lease(account), objects.state(account));
        List<Failure> missing = new ArrayList<>();
        for (ObjectName name : names) {
            try {
                api.missingRights(name).forEach(right -> missing.add(FailureMapper.of(right)));
            } catch (KubernetesException e) {
                missing.add(FailureMapper.of(e));
            }
        }
        return missing;
    }
}
