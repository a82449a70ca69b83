import type { Metadata } from 'next';
import { DeploymentPage } from '../../../../deployments/deployment-page';

export const metadata: Metadata = { title: 'Deployment' };

export default async function Page({ params }: { readonly params: Promise<{ readonly deploymentId: string }> }) {
  const { deploymentId } = await params;
  return <DeploymentPage key={deploymentId} deploymentId={deploymentId} />;
}
