/** How AWS words it. Source: IAM User Guide, "Troubleshoot access denied error messages". */
const DENIED = /^(?:User: (\S+) is )?not authorized to perform:? (\S+)(?: on resource: (\S+))?/i;
/** The kind of policy that is named is the one to change. */
const EXPLICIT = /with an explicit deny(?: in an? ([\w -]+))?/;
const IMPLICIT = /because no ([\w -]+) allows the /;

/**
 * What to do about a refusal: AWS names who may not do what on what, and that may be sts:AssumeRole behind another call.
 * @param call action and resource, where AWS names none
 */
export function accessDeniedHint(
  message: string,
  call: { readonly action: string; readonly resource: string },
): string {
  const at = message.search(/(User: \S+ is )?not authorized to perform:? /i);
  const [, user = 'the role in use', action = call.action, resource = call.resource] =
    DENIED.exec(message.slice(Math.max(0, at))) ?? [];
  const deny = EXPLICIT.exec(message);
  if (deny !== null) {
    const policy = deny[1] === undefined ? 'A policy' : `The ${deny[1].trim()}`;
    return `${policy} denies ${action} on ${resource} to ${user}: remove that.`;
  }
  const trust = action.startsWith('sts:AssumeRole') ? 'trust policy' : 'policy';
  const policy = IMPLICIT.exec(message)?.[1];
  switch (policy) {
    case 'identity-based policy':
      return `Grant ${action} on ${resource} to ${user}.`;
    case 'resource-based policy':
      return `Grant ${action} to ${user} in the ${trust} of ${resource}.`;
    case undefined:
      // STS does not tell which of both sides it is.
      return trust === 'policy'
        ? `Grant ${action} on ${resource} to ${user}.`
        : `Grant ${action} on ${resource} to ${user}, and name that in the trust policy of the role, with the external id that it asks for.`;
    default:
      return `Allow ${action} on ${resource} to ${user} in the ${policy}.`;
  }
}
