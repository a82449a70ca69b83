import { z } from 'zod';

interface ProblemKind {
  readonly title: string;
  /** HTTP status at the REST edge. */
  readonly status: number;
  /** Whether the same request may succeed later with nothing changed. */
  readonly retryable: boolean;
}

/** Every failure that Molo names. The code is stored and sent; it is never guessed from text. */
export const problems = {
  // requests
  invalid_input: { title: 'The request is not valid', status: 422, retryable: false },
  malformed_request: { title: 'The request cannot be read', status: 400, retryable: false },
  unsupported_media_type: { title: 'The body has a type that is not taken here', status: 415, retryable: false },
  payload_too_large: { title: 'The body is too large', status: 413, retryable: false },
  request_too_slow: { title: 'The request took too long to arrive', status: 408, retryable: true },
  not_signed_in: { title: 'Sign in first', status: 401, retryable: false },
  credentials_refused: { title: 'These credentials are not valid', status: 401, retryable: false },
  second_factor_required: { title: 'A code is needed besides the password', status: 401, retryable: false },
  second_factor_refused: { title: 'This code is not accepted', status: 401, retryable: false },
  too_many_attempts: { title: 'Too many attempts', status: 429, retryable: true },
  forbidden: { title: 'You may not do this', status: 403, retryable: false },
  not_found: { title: 'There is no such thing', status: 404, retryable: false },
  method_not_allowed: { title: 'This address does not take this method', status: 405, retryable: false },
  already_exists: { title: 'It exists already', status: 409, retryable: false },
  conflict: { title: 'Its present state does not allow this', status: 409, retryable: false },
  idempotency_key_reused: { title: 'The idempotency key belongs to another request', status: 422, retryable: false },
  internal: { title: 'Something broke inside Molo', status: 500, retryable: true },
  unavailable: { title: 'A part of Molo does not answer', status: 503, retryable: true },
  storage_full: { title: 'There is too little room on the disk of the platform', status: 507, retryable: true },
  // source and build
  source_invalid: { title: 'The source cannot be built as it is', status: 422, retryable: false },
  source_too_large: { title: 'The source is too large', status: 413, retryable: false },
  manifest_invalid: { title: 'The app files are not valid', status: 422, retryable: false },
  app_not_detected: { title: 'Molo does not know how to build this', status: 422, retryable: false },
  runtime_version_unknown: { title: 'There is no such version of the language', status: 422, retryable: false },
  build_step_failed: { title: 'A step of the build failed', status: 422, retryable: false },
  build_out_of_memory: { title: 'The build used more memory than it may', status: 422, retryable: false },
  build_disk_exceeded: { title: 'The build wrote more than it may', status: 422, retryable: false },
  build_out_of_disk: { title: 'There is too little room on the disk for the build', status: 503, retryable: true },
  build_timed_out: { title: 'The build took longer than it may', status: 422, retryable: false },
  build_interrupted: { title: 'The build was interrupted', status: 503, retryable: true },
  base_image_unavailable: { title: 'A base image cannot be had', status: 422, retryable: true },
  image_push_failed: { title: 'The image could not be stored in the registry', status: 503, retryable: true },
  image_pull_failed: { title: 'The image could not be fetched from the registry', status: 503, retryable: true },
  blob_damaged: { title: 'What the registry holds is damaged', status: 503, retryable: false },
  // deployment
  no_web_process: { title: 'There is nothing to run', status: 422, retryable: false },
  no_node_available: { title: 'No node has room for this', status: 503, retryable: true },
  release_process_failed: { title: 'The release process failed', status: 422, retryable: false },
  instance_start_failed: { title: 'An instance could not be started', status: 422, retryable: false },
  instance_exited: { title: 'An instance did not stay running', status: 422, retryable: false },
  instance_out_of_memory: { title: 'An instance was killed for using more memory than it may', status: 422, retryable: false },
  instance_not_listening: { title: 'No one listens on the port of the instance', status: 422, retryable: false },
  instance_wrong_port: { title: 'The instance listens on another port', status: 422, retryable: false },
  instance_unhealthy: { title: 'The instance does not answer its health check', status: 422, retryable: false },
  ingress_failed: { title: 'The ingress could not be switched', status: 503, retryable: true },
  deployment_cancelled: { title: 'The deployment was cancelled', status: 409, retryable: false },
  deployment_superseded: { title: 'A newer deployment took its place', status: 409, retryable: false },
  deployment_declined: { title: 'The deployment was declined', status: 409, retryable: false },
  deployment_timed_out: { title: 'The deployment took longer than it may', status: 503, retryable: true },
  image_collected: { title: 'The image of this release is no longer kept', status: 409, retryable: false },
  base_unknown: { title: 'What this builds on is not known', status: 409, retryable: false },
  generation_outdated: { title: 'A newer wish is known already', status: 409, retryable: false },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problems;
export const ProblemCode = z.enum(Object.keys(problems) as [ProblemCode, ...ProblemCode[]]);

/** A stored or reported failure: its code, and a sentence for the public that says what to do next. */
export const Failure = z.object({ code: ProblemCode, detail: z.string() });
export type Failure = z.infer<typeof Failure>;

export const FieldError = z.object({ path: z.string(), message: z.string() });
export type FieldError = z.infer<typeof FieldError>;

/** RFC 9457 problem document, as every REST error is sent (`application/problem+json`). */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: ProblemCode,
  detail: z.string(),
  instance: z.string().optional(),
  errors: z.array(FieldError).optional(),
});
export type Problem = z.infer<typeof Problem>;

/**
 * The one error type of Molo. `detail` is public and says what to do next; `cause` is only logged; `errors` name the
 * fields of a request that are not valid.
 */
export class AppError extends Error {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors: readonly FieldError[] | undefined;

  constructor(code: ProblemCode, options: { detail: string; cause?: unknown; errors?: readonly FieldError[] }) {
    super(`${code}: ${options.detail}`, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.detail = options.detail;
    this.errors = options.errors;
  }

  /** HTTP status at the REST edge. */
  get status(): number {
    return problems[this.code].status;
  }

  /** Whether the same may succeed later with nothing changed. */
  get retryable(): boolean {
    return problems[this.code].retryable;
  }

  /** As it is stored. */
  toFailure(): Failure {
    return { code: this.code, detail: this.detail };
  }

  /** As it is sent; `instance` is the path of the request. */
  toProblem(instance?: string): Problem {
    return {
      type: `urn:molo:problem:${this.code}`,
      title: problems[this.code].title,
      status: this.status,
      code: this.code,
      detail: this.detail,
      ...(instance === undefined ? {} : { instance }),
      ...(this.errors === undefined ? {} : { errors: [...this.errors] }),
    };
  }
}
