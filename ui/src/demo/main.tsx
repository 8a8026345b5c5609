import { render } from 'preact'
import '../shared/base.css'
import './demo.css'
import { Demo } from './demo'
import { start } from './sandbox'

void start()
render(<Demo />, document.getElementById('app')!)
