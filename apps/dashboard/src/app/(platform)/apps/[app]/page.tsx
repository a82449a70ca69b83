import type { Metadata } from 'next';
import { AppPage } from '../../../../apps/app-page';

interface PageProps {
  readonly params: Promise<{ readonly app: string }>;
}

export async function generateMetadata({ params }: PageProps): Promise<Metadata> {
  return { title: (await params).app };
}

export default async function Page({ params }: PageProps) {
  const { app } = await params;
  return <AppPage key={app} name={app} />;
}
